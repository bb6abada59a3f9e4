using PageStore;

namespace Consumer;

/// <summary>Sets of pages.</summary>
internal static class BitmapUse
{
    public static void Run(Checks checks)
    {
        // The pages of a 1 TiB guest.
        using var a = new PageBitmap(1L << 28);
        using var b = new PageBitmap(1L << 28);
        a.SetRange(new Pfn(1000), 500);
        b.SetRange(new Pfn(1400), 500);
        b.Set(new Pfn((1L << 28) - 1));

        checks.That("a bitmap counts its pages", a.Count() == 500 && b.Count() == 501);
        checks.That("pages in one bitmap and not in the other are counted without a third", PageBitmap.CountAndNot(a, b) == 400);
        a.Or(b);
        checks.That("the union holds both", a.Count() == 901);
        checks.That("runs come in order", FirstRun(a) == new PfnRun(new Pfn(1000), 900));
    }

    private static PfnRun FirstRun(PageBitmap pages)
    {
        foreach (var run in pages.Runs())
        {
            return run;
        }

        return default;
    }
}
