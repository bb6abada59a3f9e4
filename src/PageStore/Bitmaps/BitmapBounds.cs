using System.Diagnostics.CodeAnalysis;

namespace PageStore;

/// <summary>The arithmetic and the checks that all bitmaps share.</summary>
internal static class BitmapBounds
{
    /// <summary>log2 of the bits in a word.</summary>
    public const int WordShift = 6;

    /// <summary>The bits of a position that choose the bit inside a word.</summary>
    public const int BitMask = 63;

    /// <summary>How many words hold <paramref name="length"/> bits.</summary>
    public static long WordsFor(long length) => (length + BitMask) >> WordShift;

    /// <summary>The bits of the word of position <paramref name="end"/> that lie below it; <paramref name="end"/> is inside the word.</summary>
    public static ulong MaskBelow(long end) => (1UL << (int)end) - 1;

    /// <summary>The first and last word of a run that is not empty, and which of their bits belong to it.</summary>
    public static (int First, int Last, ulong FirstMask, ulong LastMask) Split(PfnRun run)
    {
        long last = run.End.Value - 1;
        return (
            (int)(run.First.Value >> WordShift),
            (int)(last >> WordShift),
            ulong.MaxValue << (int)run.First.Value,
            ulong.MaxValue >> (BitMask - (int)(last & BitMask)));
    }

    /// <summary>Checks that <paramref name="available"/> words hold <paramref name="length"/> bits, and says how many are needed.</summary>
    public static int CheckWords(int available, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        // Not WordsFor: its sum could overflow for a length near long.MaxValue.
        long needed = (length >> WordShift) + ((length & BitMask) == 0 ? 0 : 1);
        if (available < needed)
        {
            throw new ArgumentException($"{length} bits need {needed} words; there are {available}.", "words");
        }

        return (int)needed;
    }

    /// <summary>Throws unless <paramref name="pfn"/> is one of <paramref name="length"/> pages.</summary>
    public static void CheckPage(Pfn pfn, long length)
    {
        if ((ulong)pfn.Value >= (ulong)length)
        {
            ThrowOutside(nameof(pfn), pfn, length);
        }
    }

    /// <summary>Throws unless <paramref name="pfn"/> is one of <paramref name="length"/> pages or the one behind the last.</summary>
    public static void CheckPosition(Pfn pfn, long length)
    {
        if ((ulong)pfn.Value > (ulong)length)
        {
            ThrowOutside(nameof(pfn), pfn, length);
        }
    }

    /// <summary>Throws unless all <paramref name="count"/> pages from <paramref name="first"/> on lie among <paramref name="length"/> pages.</summary>
    public static void CheckRange(Pfn first, long count, long length)
    {
        CheckPosition(first, length);
        if ((ulong)count > (ulong)(length - first.Value))
        {
            throw new ArgumentOutOfRangeException(
                nameof(count), count, $"{count} pages from {first} on do not lie inside a bitmap of {length} pages.");
        }
    }

    /// <summary>Throws unless <paramref name="first"/> is the first page of a word.</summary>
    public static void CheckAligned(Pfn first)
    {
        if ((first.Value & BitMask) != 0)
        {
            throw new ArgumentException($"Page {first} is not the first of a 64-bit word; use a multiple of 64.", nameof(first));
        }
    }

    /// <summary>Throws unless both lengths are equal.</summary>
    public static void CheckSameLength(long length, long other)
    {
        if (length != other)
        {
            throw new ArgumentException($"The bitmaps have different lengths, {length} and {other} pages.", nameof(other));
        }
    }

    /// <summary>Throws unless <paramref name="bytes"/> bytes hold <paramref name="count"/> bits.</summary>
    public static void CheckBytes(int bytes, long count)
    {
        if ((count >> 3) + ((count & 7) == 0 ? 0 : 1) > bytes)
        {
            throw new ArgumentException($"{bytes} bytes do not hold {count} bits.", "littleEndianBits");
        }
    }

    [DoesNotReturn]
    private static void ThrowOutside(string name, Pfn pfn, long length) =>
        throw new ArgumentOutOfRangeException(name, pfn, $"Page {pfn} lies outside a bitmap of {length} pages.");
}
