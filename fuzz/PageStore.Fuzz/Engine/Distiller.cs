namespace PageStore.Fuzz;

/// <summary>Keeps a corpus small: of all inputs the fewest and shortest that still take every edge as often as before.</summary>
internal static class Distiller
{
    /// <summary>Removes the files of a target that others make needless; seeds stay.</summary>
    public static int Run(IFuzzTarget target, string corpus)
    {
        var coverage = new CoverageMap();
        IReadOnlyList<string> files = CorpusFiles.Of(corpus, target);
        Warm(target, files);
        HashSet<int> covered = [];
        int kept = 0;
        foreach (string file in files.OrderBy(file => !IsSeed(file)).ThenBy(file => new FileInfo(file).Length).ThenBy(file => file, StringComparer.Ordinal))
        {
            coverage.Clear();
            target.RunOne(File.ReadAllBytes(file));
            int before = covered.Count;
            covered.UnionWith(coverage.Features());
            if (covered.Count == before && !IsSeed(file))
            {
                File.Delete(file);
            }
            else
            {
                kept++;
            }
        }

        Console.WriteLine($"{target.Name}: kept {kept} of {files.Count} inputs");
        return 0;
    }

    /// <summary>What runs only once in a process, such as static constructors, must not count for the first input.</summary>
    private static void Warm(IFuzzTarget target, IReadOnlyList<string> files)
    {
        foreach (string file in files)
        {
            target.RunOne(File.ReadAllBytes(file));
        }
    }

    private static bool IsSeed(string file) => Path.GetFileName(file).StartsWith("seed-", StringComparison.Ordinal);
}
