namespace PageStore.Fuzz;

/// <summary>Keeps a corpus small: of all inputs the fewest and shortest that still take every edge.</summary>
internal static class Distiller
{
    /// <summary>Removes the files of a target that others make needless; seeds and mended crashes stay.</summary>
    public static int Run(IFuzzTarget target, string corpus)
    {
        IReadOnlyList<string> files = CorpusFiles.Of(corpus, target);
        Warm(target, files);
        HashSet<int> covered = [];
        int kept = 0;
        foreach (string file in files.OrderBy(file => !IsNamed(file)).ThenBy(file => new FileInfo(file).Length).ThenBy(file => file, StringComparer.Ordinal))
        {
            CoverageMap.Clear();
            target.RunOne(File.ReadAllBytes(file));
            int before = covered.Count;
            covered.UnionWith(CoverageMap.LastEdges());
            if (covered.Count == before && !IsNamed(file))
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

    /// <summary>Seeds and mended crashes are kept for their own sake.</summary>
    private static bool IsNamed(string file) =>
        Path.GetFileName(file).StartsWith("seed-", StringComparison.Ordinal) || Path.GetFileName(file).StartsWith("crash-", StringComparison.Ordinal);
}
