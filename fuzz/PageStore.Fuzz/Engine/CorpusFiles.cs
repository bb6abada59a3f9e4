using System.Security.Cryptography;

namespace PageStore.Fuzz;

/// <summary>Kept inputs: one file each, in one folder for each target.</summary>
internal static class CorpusFiles
{
    /// <summary>The files of a target, in an order that does not depend on the file system.</summary>
    public static IReadOnlyList<string> Of(string corpus, IFuzzTarget target)
    {
        string directory = Path.Combine(corpus, target.Name);
        if (!Directory.Exists(directory))
        {
            return [];
        }

        string[] files = Directory.GetFiles(directory, "*.bin");
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }

    /// <summary>Writes an input under a name made of its hash.</summary>
    public static void Save(string corpus, IFuzzTarget target, byte[] input) =>
        Save(corpus, target, Convert.ToHexStringLower(SHA256.HashData(input))[..16], input);

    /// <summary>Writes an input.</summary>
    public static void Save(string corpus, IFuzzTarget target, string name, byte[] input)
    {
        string directory = Path.Combine(corpus, target.Name);
        Directory.CreateDirectory(directory);
        File.WriteAllBytes(Path.Combine(directory, name + ".bin"), input);
    }
}
