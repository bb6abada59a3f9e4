// Checks the packed packages from the outside: usage: dotnet run nuget/verify.cs -- FEED VERSION
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Xml.Linq;

if (args is not [var feed, var version])
{
    Console.Error.WriteLine("usage: verify.cs FEED VERSION");
    return 2;
}

var rid = RuntimeInformation.RuntimeIdentifier;
var failures = 0;

foreach (var id in (string[])["PageStore", "PageStore.Checkpoint", "PageStore.Native", "PageStore.Cli"])
{
    var names = NamesIn($"{id}.{version}.nupkg");
    var symbols = NamesIn($"{id}.{version}.snupkg");
    var isTool = id == "PageStore.Cli";
    var folder = isTool ? "tools/net10.0/any" : "lib/net10.0";

    Check(id, "package README", names.Contains("README.md"));
    Check(id, "icon", names.Contains("icon.png"));
    Check(id, "library", names.Contains($"{folder}/{id}.dll"));
    Check(id, "symbols", symbols.Contains($"{folder}/{id}.pdb"));
    Check(id, "nothing of ours in another version", DependenciesOf(id).All(d => d.Version == version));
    if (!isTool)
    {
        Check(id, "XML documentation", names.Contains($"{folder}/{id}.xml"));
    }

    if (id == "PageStore.Native")
    {
        Check(id, $"native library for {rid}", names.Contains($"runtimes/{rid}/native/libpagestore_native.so"));
    }

    if (isTool)
    {
        // Beside the assemblies or under runtimes/: the loader finds both.
        Check(id, $"native library for {rid}", names.Any(n => n.EndsWith("/libpagestore_native.so", StringComparison.Ordinal)));
    }
}

return failures == 0 ? 0 : 1;

void Check(string id, string what, bool holds)
{
    Console.WriteLine($"{(holds ? "ok  " : "FAIL")} {id}: {what}");
    failures += holds ? 0 : 1;
}

HashSet<string> NamesIn(string file)
{
    using var archive = ZipFile.OpenRead(Path.Combine(feed, file));
    return [.. archive.Entries.Select(e => e.FullName)];
}

IEnumerable<(string Id, string Version)> DependenciesOf(string id)
{
    using var archive = ZipFile.OpenRead(Path.Combine(feed, $"{id}.{version}.nupkg"));
    using var stream = archive.GetEntry($"{id}.nuspec")!.Open();
    return
    [
        .. XDocument.Load(stream).Descendants()
            .Where(e => e.Name.LocalName == "dependency")
            .Select(e => (Id: (string)e.Attribute("id")!, Version: (string)e.Attribute("version")!))
            .Where(d => d.Id.StartsWith("PageStore", StringComparison.Ordinal)),
    ];
}
