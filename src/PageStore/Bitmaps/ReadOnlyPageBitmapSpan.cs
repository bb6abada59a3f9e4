using System.Buffers.Binary;
using System.Numerics;

namespace PageStore;

/// <summary>
/// A view of a set of pages that somebody else owns: bit n of word n / 64 (least significant first) is page n.
/// Bits past <see cref="Length"/> in the last word are never looked at, and words behind it do not belong to the view.
/// Reading is safe from several threads while nobody writes.
/// </summary>
public readonly ref partial struct ReadOnlyPageBitmapSpan
{
    private readonly ReadOnlySpan<ulong> _words;

    /// <summary>Views the first <paramref name="length"/> bits of <paramref name="words"/>.</summary>
    /// <param name="words">At least <c>ceil(length / 64)</c> words; further ones are ignored.</param>
    /// <param name="length">The number of pages, from 0 up.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    /// <exception cref="ArgumentException"><paramref name="words"/> is too short.</exception>
    public ReadOnlyPageBitmapSpan(ReadOnlySpan<ulong> words, long length)
    {
        _words = words[..BitmapBounds.CheckWords(words.Length, length)];
        Length = length;
    }

    /// <summary>The number of pages the view covers.</summary>
    public long Length { get; }

    /// <summary>The words that hold the view's bits; bits past <see cref="Length"/> in the last one are unspecified.</summary>
    public ReadOnlySpan<ulong> Words => _words;

    /// <summary>The words of which every bit belongs to the view.</summary>
    private ReadOnlySpan<ulong> Whole => _words[..(int)(Length >> BitmapBounds.WordShift)];

    /// <summary>The view's bits in its last word if that is not a whole one, or 0.</summary>
    private ulong Tail => (Length & BitmapBounds.BitMask) == 0 ? 0 : _words[^1] & BitmapBounds.MaskBelow(Length);

    /// <summary>Whether <paramref name="pfn"/> is in the set.</summary>
    /// <param name="pfn">From 0 to <see cref="Length"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="pfn"/> lies outside the view.</exception>
    public bool Contains(Pfn pfn)
    {
        BitmapBounds.CheckPage(pfn, Length);
        return (_words[(int)(pfn.Value >> BitmapBounds.WordShift)] >> (int)pfn.Value & 1) != 0;
    }

    /// <summary>How many pages are in the set.</summary>
    public long Count() => WordKernels.Count(Whole) + BitOperations.PopCount(Tail);

    /// <summary>Whether at least one page is in the set.</summary>
    public bool Any() => Tail != 0 || Whole.ContainsAnyExcept(0UL);

    /// <summary>Whether no page is in the set.</summary>
    public bool None() => !Any();

    /// <summary>How many pages of <paramref name="run"/> are in the set.</summary>
    /// <param name="run">A run inside the view; it may be empty.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="run"/> does not lie inside the view.</exception>
    public long CountRange(PfnRun run)
    {
        BitmapBounds.CheckRange(run.First, run.Count, Length);
        if (run.Count == 0)
        {
            return 0;
        }

        var (first, last, firstMask, lastMask) = BitmapBounds.Split(run);
        if (first == last)
        {
            return BitOperations.PopCount(_words[first] & firstMask & lastMask);
        }

        return BitOperations.PopCount(_words[first] & firstMask)
            + WordKernels.Count(_words[(first + 1)..last])
            + BitOperations.PopCount(_words[last] & lastMask);
    }

    /// <summary>How many pages of the set lie strictly below <paramref name="pfn"/>.</summary>
    /// <param name="pfn">From 0 to <see cref="Length"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="pfn"/> lies outside.</exception>
    public long Rank(Pfn pfn)
    {
        BitmapBounds.CheckPosition(pfn, Length);
        return CountRange(new PfnRun(new Pfn(0), pfn.Value));
    }

    /// <summary>Finds the first page of the set at or behind <paramref name="from"/>.</summary>
    /// <param name="from">From 0 to <see cref="Length"/>.</param>
    /// <param name="found">Receives the page, or <see cref="Length"/> if there is none.</param>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="from"/> lies outside.</exception>
    public bool TryNextSet(Pfn from, out Pfn found) => TryNext(from, 0, out found);

    /// <summary>Finds the first page that is not in the set at or behind <paramref name="from"/>.</summary>
    /// <param name="from">From 0 to <see cref="Length"/>.</param>
    /// <param name="found">Receives the page, or <see cref="Length"/> if there is none.</param>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="from"/> lies outside.</exception>
    public bool TryNextClear(Pfn from, out Pfn found) => TryNext(from, ulong.MaxValue, out found);

    /// <summary>Whether both views hold the same pages; views of different lengths never do.</summary>
    /// <param name="other">The other view.</param>
    public bool SetEquals(ReadOnlyPageBitmapSpan other) =>
        Length == other.Length && Tail == other.Tail && Whole.SequenceEqual(other.Whole);

    /// <summary>
    /// Writes the set as Xen and KVM do: page n is bit n % 8 (least significant first) of byte n / 8. Bits past
    /// <see cref="Length"/> in the last byte are written as 0.
    /// </summary>
    /// <param name="destination">At least <c>ceil(Length / 8)</c> bytes; those behind are left alone.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is too short; nothing was written.</exception>
    public void CopyBytesTo(Span<byte> destination)
    {
        long bytes = (Length + 7) >> 3;
        if (destination.Length < bytes)
        {
            throw new ArgumentException($"{Length} bits need {bytes} bytes; the destination has {destination.Length}.", nameof(destination));
        }

        foreach (ulong word in Whole)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination, word);
            destination = destination[sizeof(ulong)..];
            bytes -= sizeof(ulong);
        }

        ulong tail = Tail;
        for (int i = 0; i < bytes; i++)
        {
            destination[i] = (byte)(tail >> (8 * i));
        }
    }

    /// <summary>The first bit at or behind <paramref name="from"/> that differs from the bits of <paramref name="skipped"/>.</summary>
    private bool TryNext(Pfn from, ulong skipped, out Pfn found)
    {
        BitmapBounds.CheckPosition(from, Length);
        found = new Pfn(Length);
        if (from.Value == Length)
        {
            return false;
        }

        int index = (int)(from.Value >> BitmapBounds.WordShift);
        ulong word = (_words[index] ^ skipped) & (ulong.MaxValue << (int)from.Value);
        if (word == 0 && ++index < _words.Length)
        {
            int distance = _words[index..].IndexOfAnyExcept(skipped);
            if (distance < 0)
            {
                return false;
            }

            index += distance;
            word = _words[index] ^ skipped;
        }

        long position = ((long)index << BitmapBounds.WordShift) + BitOperations.TrailingZeroCount(word);
        if (word == 0 || position >= Length)
        {
            return false;
        }

        found = new Pfn(position);
        return true;
    }
}
