namespace PageStore.Checkpoint;

/// <summary>
/// Stores a page as what of it differs from the last version of it that is stored whole, where that is smaller. So a patch is never against a patch: a page is at most two blocks away. For one
/// thread, allocates nothing per page.
/// </summary>
/// <param name="file">The file.</param>
/// <param name="shift">The size of the blocks that are compared, as a power of two.</param>
internal sealed class PagePatcher(WritableFile file, int shift)
{
    /// <summary>A patch may take three quarters of what the whole page took: it keeps its base from being freed, and a reader needs both.</summary>
    private const int WorthNumerator = 3;

    private const int WorthDenominator = 4;

    /// <summary>
    /// Where more than a half of a page changed, a quarter of that must be as before, so that the XOR has zeros that pack. Measured on two images of redis and on the mix of docs/benchmarks.md: what is stored stays
    /// the same to the byte.
    /// </summary>
    private const int MuchOfPage = 2;

    private const int LeastSame = 4;

    private readonly byte[] _base = new byte[file.Header.PageSize];
    private readonly byte[] _changed = new byte[file.Header.PageSize];

    // Head, mask and content, packed or not.
    private readonly byte[] _patch = new byte[PatchBlock.HeadSize + PatchBlock.MaskBytes(file.Header.PageSize, shift) + file.Header.PageSize];

    /// <summary>Stores a page as a patch; null where that does not pay.</summary>
    /// <param name="pfn">The page.</param>
    /// <param name="page">Its content.</param>
    /// <param name="sum">Its sum.</param>
    /// <param name="type">What the entry says of it.</param>
    /// <param name="before">What the parent's entry says of it.</param>
    public Entry? TryPatch(Pfn pfn, ReadOnlySpan<byte> page, ContentSum sum, GuestPageType type, Entry before)
    {
        if (BaseOf(pfn, before) is not { } basis)
        {
            return null;
        }

        int worth = basis.BlockBytes(page.Length, file.Blocks.Overhead) * WorthNumerator / WorthDenominator;
        int most = worth - file.Blocks.Overhead - PatchBlock.HeadSize;
        int maskBytes = PatchBlock.MaskBytes(page.Length, shift);
        Span<byte> mask = _patch.AsSpan(PatchBlock.HeadSize, maskBytes);
        int changed = Compare(page, mask);
        if (changed == 0)
        {
            // The page has become again what is stored already.
            return basis.WithType(type);
        }

        if (IsAnotherPage(changed, page.Length))
        {
            return null;
        }

        int length = maskBytes + Pack(changed, _patch.AsSpan(PatchBlock.HeadSize + maskBytes), most - maskBytes, out PatchBlock.Method method);
        return length <= maskBytes ? null : Write(pfn, sum, type, basis, length, method);
    }

    /// <summary>Where a patch can stand against: the parent's block, or that which the parent is a patch of. Not in a segment that is to be emptied.</summary>
    private Entry? BaseOf(Pfn pfn, Entry before)
    {
        try
        {
            Entry basis = before.IsWhole ? before.WithType(GuestPageType.Normal) : file.Contents.ReadBase(before, pfn.Value);
            if (!basis.IsWhole || file.Segments.IsSparse(basis.Offset))
            {
                return null;
            }

            file.Contents.ReadContent(basis, _base, pfn.Value);
            return basis;
        }
        catch (CorruptDataException)
        {
            // What is damaged is no base: this epoch then has the page whole.
            return null;
        }
    }

    /// <summary>
    /// Collects the blocks that differ, XORed with the base's: what stayed the same in them becomes zeros, which pack well. Returns how many bytes they have.
    /// </summary>
    private int Compare(ReadOnlySpan<byte> page, Span<byte> mask)
    {
        mask.Clear();
        int size = 1 << shift;
        int changed = 0;
        for (int at = 0, block = 0; at < page.Length; at += size, block++)
        {
            ReadOnlySpan<byte> content = page.Slice(at, size);
            ReadOnlySpan<byte> before = _base.AsSpan(at, size);
            if (!content.SequenceEqual(before))
            {
                mask[block >> 3] |= (byte)(1 << (block & 7));
                PatchBlock.Xor(content, before, _changed.AsSpan(changed, size));
                changed += size;
            }
        }

        return changed;
    }

    /// <summary>Whether so much changed that to try a patch is not worth the time.</summary>
    private bool IsAnotherPage(int changed, int pageSize) =>
        changed > pageSize / MuchOfPage && _changed.AsSpan(0, changed).Count((byte)0) < changed / LeastSame;

    /// <summary>Packs the changed blocks into at most so many bytes; returns how many, or 0.</summary>
    private int Pack(int changed, Span<byte> destination, int most, out PatchBlock.Method method)
    {
        method = PatchBlock.Method.Lz4;
        ReadOnlySpan<byte> content = _changed.AsSpan(0, changed);
        int room = Math.Min(most, changed - 1);
        if (room > 0 && file.Codec.TryPack(content, destination[..room], out int written))
        {
            return written;
        }

        method = PatchBlock.Method.Stored;
        return changed <= most && content.TryCopyTo(destination) ? changed : 0;
    }

    private Entry Write(Pfn pfn, ContentSum sum, GuestPageType type, Entry basis, int length, PatchBlock.Method method)
    {
        PatchBlock.WriteHead(_patch, basis, length, method, shift);
        ReadOnlySpan<byte> patch = _patch.AsSpan(0, PatchBlock.HeadSize + length);
        Span<byte> block = file.Blocks.Begin(file.Packed, Layout.RoundToUnit(patch.Length));
        patch.CopyTo(block);
        block[patch.Length..].Clear();
        return file.Blocks.End(EntryKind.Patch, sum, type, pfn.Value);
    }
}
