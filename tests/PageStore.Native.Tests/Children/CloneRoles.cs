using System.Globalization;
using System.Security.Cryptography;

namespace PageStore.Native.Tests;

/// <summary>What a child does that clones another's memory, or whose memory is cloned.</summary>
internal static class CloneRoles
{
    /// <summary>Followed by a number, and by the path of the base.</summary>
    internal const string Clone = "clone:";

    internal const string Base = "clone-base";

    internal const int BasePages = 40;

    private const int Writes = 100;

    /// <summary>Runs a role.</summary>
    /// <returns>The exit code, or null if it is none of these roles.</returns>
    internal static int? TryRun(string role) => role switch
    {
        Base => OfferForEver(),
        _ when role.StartsWith(Clone, StringComparison.Ordinal) => MapAndWrite(role.Split(':')),
        _ => null,
    };

    /// <summary>Writes what a number says.</summary>
    /// <returns>The pages that were written.</returns>
    internal static long[] Write(Span<byte> memory, int number)
    {
        var random = new Random(number);
        var written = new HashSet<long>();
        for (int i = 0; i < Writes; i++)
        {
            int at = random.Next(memory.Length);
            memory[at] = (byte)random.Next(256);
            written.Add(at / Environment.SystemPageSize);
        }

        return [.. written];
    }

    internal static string DigestOf(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    private static int MapAndWrite(string[] role)
    {
        using CloneBase source = CloneBase.Open(role[2]);
        using MemoryClone clone = source.MapClone();
        Write(clone.Memory.GetSpan(0, (int)source.Length), int.Parse(role[1], CultureInfo.InvariantCulture));
        Console.WriteLine($"digest={DigestOf(CloneTests.ImageOf(clone.Memory))}");
        Console.WriteLine($"own={string.Join(',', CloneTests.OwnOf(clone))}");
        try
        {
            RandomAccess.Write(source.File, [1], 0);
            Console.WriteLine("refused=False");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Console.WriteLine("refused=True");
        }

        return 0;
    }

    private static int OfferForEver()
    {
        using CloneBase source = CloneTests.Filled(CloneTests.Content(BasePages));
        Console.WriteLine(source.Path);
        Thread.Sleep(Timeout.Infinite);
        return 1;
    }
}
