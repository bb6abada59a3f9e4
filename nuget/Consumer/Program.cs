// Uses the packed packages as a stranger would. One line for each thing checked; exit code 1 if one does not hold.
using System.Runtime.CompilerServices;
using PageStore;

var failures = 0;
Console.WriteLine(RuntimeFeature.IsDynamicCodeSupported ? "under JIT" : "as NativeAOT");

Check("a page is 4096 bytes", PageSizes.IsValid(PageSizes.Default) && PageSizes.Default == 4096);
Check("a frame number prints as Xen prints it", new Pfn(0x1a2b).ToString() == "0x1a2b");
using (var pages = new PageBitmap(262_144))
{
    Check("a bitmap covers 1 GiB", pages.Length == 262_144);
}

return failures == 0 ? 0 : 1;

void Check(string what, bool holds)
{
    Console.WriteLine($"{(holds ? "ok  " : "FAIL")} {what}");
    failures += holds ? 0 : 1;
}
