using System.Diagnostics;
using System.Security.Cryptography;

namespace PageStore.Fuzz;

/// <summary>What went wrong: keeps one input for each place at which the target fails.</summary>
internal sealed class Crashes(string targetName, string directory)
{
    /// <summary>After so many different ones something is broken as a whole, and more of it tell nothing.</summary>
    private const int MaxPlaces = 20;

    private readonly HashSet<string> _places = [];

    public int Count => _places.Count;

    public bool TooMany => Count >= MaxPlaces;

    /// <summary>Keeps the input, unless another one failed at the same place.</summary>
    public void Add(byte[] input, Exception failure)
    {
        if (_places.Add(PlaceOf(failure)))
        {
            Keep(input, "", failure.ToString());
        }
    }

    /// <summary>Keeps an input that is wrong without an exception.</summary>
    public void Add(byte[] input, string kind, string what)
    {
        if (_places.Add(kind))
        {
            Keep(input, kind + "-", what);
        }
    }

    /// <summary>Where a failure comes from: the type and the innermost methods of its first cause. Inputs that share it share a cause.</summary>
    public static string PlaceOf(Exception failure)
    {
        Exception cause = failure.GetBaseException();
        IEnumerable<string?> frames = new StackTrace(cause).GetFrames().Take(2).Select(frame => frame.GetMethod()?.ToString());
        string promise = failure is BrokenPromiseException ? failure.Message : "";
        return string.Join('|', frames.Prepend(promise).Prepend(cause.GetType().FullName));
    }

    private void Keep(byte[] input, string kind, string what)
    {
        Directory.CreateDirectory(directory);
        string hash = Convert.ToHexStringLower(SHA256.HashData(input))[..16];
        string path = Path.Combine(directory, $"{targetName}-{kind}{hash}.bin");
        File.WriteAllBytes(path, input);
        Console.WriteLine($"CRASH in {targetName}, {input.Length} bytes: {what}");
        Console.WriteLine($"Kept as {path}. Again: fuzz/run --replay {path}");
    }
}
