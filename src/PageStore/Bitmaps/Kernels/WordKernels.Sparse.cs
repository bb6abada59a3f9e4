using System.Runtime.CompilerServices;

namespace PageStore;

internal static partial class WordKernels
{
    /// <summary>Words that are looked at together: a line of the cache.</summary>
    private const int LineWords = 8;

    /// <summary>
    /// Adds the bits of the source. Most lines of a dirty log are empty, and of those the target is neither read nor written. By word, for a processor that is
    /// emulated takes longer for a vector than for the words in it.
    /// </summary>
    [MethodImpl(Kernel)]
    public static void OrSparse(ReadOnlySpan<ulong> source, Span<ulong> target)
    {
        target = target[..source.Length];
        while (source.Length >= LineWords)
        {
            if ((source[7] | source[6] | source[5] | source[4] | source[3] | source[2] | source[1] | source[0]) != 0)
            {
                OrAll(source[..LineWords], target);
            }

            source = source[LineWords..];
            target = target[LineWords..];
        }

        OrAll(source, target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OrAll(ReadOnlySpan<ulong> source, Span<ulong> target)
    {
        for (int i = 0; i < source.Length; i++)
        {
            target[i] |= source[i];
        }
    }
}
