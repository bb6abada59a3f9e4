using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace PageStore;

/// <summary>
/// A writable view of a set of pages that somebody else owns: bit n of word n / 64 (least significant first) is page n.
/// Bits past <see cref="Length"/> in the last word keep what they hold, whatever is done to the view, and so do the words behind it.
/// Not thread-safe. For everything that only reads, see <see cref="AsReadOnly"/>.
/// </summary>
public readonly ref partial struct PageBitmapSpan
{
    private readonly Span<ulong> _words;

    /// <summary>Views the first <paramref name="length"/> bits of <paramref name="words"/>.</summary>
    /// <param name="words">At least <c>ceil(length / 64)</c> words; further ones are left alone.</param>
    /// <param name="length">The number of pages, from 0 up.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    /// <exception cref="ArgumentException"><paramref name="words"/> is too short.</exception>
    public PageBitmapSpan(Span<ulong> words, long length)
    {
        _words = words[..BitmapBounds.CheckWords(words.Length, length)];
        Length = length;
    }

    /// <summary>The number of pages the view covers.</summary>
    public long Length { get; }

    /// <summary>The words that hold the view's bits; bits past <see cref="Length"/> in the last one do not belong to it.</summary>
    public Span<ulong> Words => _words;

    /// <summary>The same pages, for reading.</summary>
    public ReadOnlyPageBitmapSpan AsReadOnly() => new(_words, Length);

    /// <summary>The same pages, for reading.</summary>
    /// <param name="span">The writable view.</param>
    public static implicit operator ReadOnlyPageBitmapSpan(PageBitmapSpan span) => span.AsReadOnly();

    /// <summary>Adds <paramref name="pfn"/>.</summary>
    /// <param name="pfn">From 0 to <see cref="Length"/> - 1.</param>
    /// <returns>Whether it was not in the set before.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="pfn"/> lies outside the view.</exception>
    public bool Set(Pfn pfn)
    {
        BitmapBounds.CheckPage(pfn, Length);
        ref ulong word = ref _words[(int)(pfn.Value >> BitmapBounds.WordShift)];
        ulong before = word;
        word = before | 1UL << (int)pfn.Value;
        return before != word;
    }

    /// <summary>Takes <paramref name="pfn"/> out.</summary>
    /// <param name="pfn">From 0 to <see cref="Length"/> - 1.</param>
    /// <returns>Whether it was in the set before.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="pfn"/> lies outside the view.</exception>
    public bool Clear(Pfn pfn)
    {
        BitmapBounds.CheckPage(pfn, Length);
        ref ulong word = ref _words[(int)(pfn.Value >> BitmapBounds.WordShift)];
        ulong before = word;
        word = before & ~(1UL << (int)pfn.Value);
        return before != word;
    }

    /// <summary>Adds <paramref name="count"/> pages from <paramref name="first"/> on.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="count">How many, from 0 up.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie inside the view; nothing was changed.</exception>
    public void SetRange(Pfn first, long count)
    {
        BitmapBounds.CheckRange(first, count, Length);
        if (count == 0)
        {
            return;
        }

        var (low, high, lowMask, highMask) = BitmapBounds.Split(new PfnRun(first, count));
        if (low == high)
        {
            _words[low] |= lowMask & highMask;
            return;
        }

        _words[low] |= lowMask;
        _words[(low + 1)..high].Fill(ulong.MaxValue);
        _words[high] |= highMask;
    }

    /// <summary>Takes <paramref name="count"/> pages from <paramref name="first"/> on out.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="count">How many, from 0 up.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie inside the view; nothing was changed.</exception>
    public void ClearRange(Pfn first, long count)
    {
        BitmapBounds.CheckRange(first, count, Length);
        if (count == 0)
        {
            return;
        }

        var (low, high, lowMask, highMask) = BitmapBounds.Split(new PfnRun(first, count));
        if (low == high)
        {
            _words[low] &= ~(lowMask & highMask);
            return;
        }

        _words[low] &= ~lowMask;
        _words[(low + 1)..high].Clear();
        _words[high] &= ~highMask;
    }

    /// <summary>Adds every page of the view.</summary>
    public void SetAll() => SetRange(new Pfn(0), Length);

    /// <summary>Takes every page of the view out.</summary>
    public void ClearAll() => ClearRange(new Pfn(0), Length);

    /// <summary>Adds the pages of every region, as a page-table scan reports them. Regions may overlap and come in any order.</summary>
    /// <param name="regions">Runs inside the view; an empty one adds nothing.</param>
    /// <exception cref="ArgumentOutOfRangeException">A region does not lie inside the view; nothing was changed.</exception>
    public void SetRegions(ReadOnlySpan<PfnRun> regions)
    {
        foreach (PfnRun region in regions)
        {
            BitmapBounds.CheckRange(region.First, region.Count, Length);
        }

        foreach (PfnRun region in regions)
        {
            SetRange(region.First, region.Count);
        }
    }

    /// <summary>
    /// Adds the pages of a bitmap as Xen (XEN_DOMCTL_shadow_op) and KVM (KVM_GET_DIRTY_LOG) return it: bit n % 8 (least
    /// significant first) of byte n / 8 is page <paramref name="first"/> + n.
    /// </summary>
    /// <param name="littleEndianBits">At least <c>ceil(count / 8)</c> bytes; bits from <paramref name="count"/> on are ignored.</param>
    /// <param name="first">The page of the first bit, a multiple of 64.</param>
    /// <param name="count">How many bits to take.</param>
    /// <exception cref="ArgumentException">
    /// There are fewer than <paramref name="count"/> bits, or <paramref name="first"/> is no multiple of 64; nothing was changed.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie inside the view; nothing was changed.</exception>
    public void OrBytes(ReadOnlySpan<byte> littleEndianBits, Pfn first, long count)
    {
        BitmapBounds.CheckAligned(first);
        BitmapBounds.CheckRange(first, count, Length);
        BitmapBounds.CheckBytes(littleEndianBits.Length, count);
        int whole = (int)(count >> BitmapBounds.WordShift);
        Span<ulong> target = _words[(int)(first.Value >> BitmapBounds.WordShift)..];
        OrWords(littleEndianBits[..(whole * sizeof(ulong))], target[..whole]);
        if ((count & BitmapBounds.BitMask) != 0)
        {
            Span<byte> last = stackalloc byte[sizeof(ulong)];
            ReadOnlySpan<byte> rest = littleEndianBits[(whole * sizeof(ulong))..];
            last.Clear();
            rest[..Math.Min(rest.Length, last.Length)].CopyTo(last);
            target[whole] |= BinaryPrimitives.ReadUInt64LittleEndian(last) & BitmapBounds.MaskBelow(count);
        }
    }

    private static void OrWords(ReadOnlySpan<byte> source, Span<ulong> target)
    {
        if (BitConverter.IsLittleEndian)
        {
            WordKernels.OrSparse(MemoryMarshal.Cast<byte, ulong>(source), target);
            return;
        }

        for (int i = 0; i < target.Length; i++)
        {
            target[i] |= BinaryPrimitives.ReadUInt64LittleEndian(source[(i * sizeof(ulong))..]);
        }
    }
}
