namespace PageStore.Checkpoint;

/// <summary>How to repair a checkpoint file.</summary>
public sealed record RepairOptions
{
    /// <summary>The page size of the file in bytes, for a plain file that has lost both copies of its header; else it is not used.</summary>
    public int? PageSize { get; init; }

    /// <summary>The segment size of the file in bytes, for a plain file that has lost both copies of its header; else it is not used.</summary>
    public int? SegmentSize { get; init; }

    /// <summary>
    /// The key of an encrypted file, with which the new one is encrypted, too; null for a plain one. It stays the caller's. A plain file is refused
    /// if there is a key.
    /// </summary>
    public CheckpointKey? Key { get; init; }

    /// <summary>Finds the store of a file that has blocks in one.</summary>
    internal Func<FileHeader, IBlockSource?>? FindOutside { get; init; }

    /// <summary>Takes the pages in the place of the new file; null leaves them there. It stays the caller's.</summary>
    internal IBlockStore? Target { get; init; }

    /// <summary>The id of the new file; null stands for a random one.</summary>
    internal Guid? TargetId { get; init; }

    /// <summary>
    /// How many pages may come out of subtrees that are zero as a whole, all epochs together: 16 TiB of 4 KiB pages. Each costs time, and a few bytes
    /// in a hostile file claim 2^40 of them.
    /// </summary>
    internal long MaxUniformPages { get; init; } = 1L << 32;

    /// <summary>How many bytes are searched for records at most.</summary>
    internal long MaxScanBytes { get; init; } = Layout.MaxFileBytes;

    /// <summary>
    /// How many times as long as the damaged file the new one may become, beside 64 MiB. Epochs whose common parent is lost may share less than before;
    /// a hostile file names one block any number of times.
    /// </summary>
    internal int MaxGrowth { get; init; } = 16;

    /// <summary>Whether epochs get packs of the same plans as before: a compaction's, which is of a sound file.</summary>
    internal bool KeepsPacks { get; init; }

    internal void Validate()
    {
        if (PageSize is { } pageSize)
        {
            PageSizes.ThrowIfInvalid(pageSize, nameof(PageSize));
        }

        if (SegmentSize is { } size && (!int.IsPow2(size) || size is < 1 << Layout.MinSegmentShift or > 1 << Layout.MaxSegmentShift))
        {
            throw new ArgumentOutOfRangeException(nameof(SegmentSize), size, "A segment has a power of two from 65536 to 1073741824 bytes.");
        }
    }
}
