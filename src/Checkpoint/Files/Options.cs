namespace PageStore.Checkpoint;

/// <summary>How a reader reads the file.</summary>
public enum ReadMode
{
    /// <summary>
    /// The fastest way that is safe for any file: what is read again in small pieces through a memory mapping where there is a <see cref="CheckpointReaderOptions.Guard"/> and the
    /// file can be mapped, by positional reads otherwise. A truncated file or a failing medium is an exception.
    /// </summary>
    Automatic = 0,

    /// <summary>
    /// Small reads through a memory mapping, or not at all. Without a <see cref="CheckpointReaderOptions.Guard"/> a mapped file that somebody truncates,
    /// or whose medium fails, ends the process by SIGBUS: for files that you own on media that you trust.
    /// </summary>
    Mapped = 1,

    /// <summary>By positional reads: one system call or more a page.</summary>
    Positional = 2,
}

/// <summary>How to open a checkpoint file for reading.</summary>
public sealed record CheckpointReaderOptions
{
    /// <summary>How the file is read; <see cref="ReadMode.Automatic"/> unless said otherwise.</summary>
    public ReadMode ReadMode { get; init; }

    /// <summary>
    /// Copies out of the mapping; the caller's, and in use as long as the reader. PageStore.Native has one. Null stands for none.
    /// </summary>
    public IGuardedCopy? Guard { get; init; }

    /// <summary>
    /// The key of an encrypted file; null for a plain one. It stays the caller's, who may dispose it when the file is open. A plain
    /// file is refused if there is a key: it could be a forgery in the place of the encrypted one.
    /// </summary>
    public CheckpointKey? Key { get; init; }

    /// <summary>The <see cref="CheckpointReader.RootHash"/> that the file must have when it is opened; null takes any.</summary>
    public string? ExpectedRoot { get; init; }

    /// <summary>
    /// The folder of the store that has the blocks of a file which was added to one (<see cref="CheckpointStore"/>). Null stands for the store that the file lies in. Of a file with all its blocks
    /// it is not looked at.
    /// </summary>
    public string? Store { get; init; }

    internal void Validate()
    {
        RootHash.Validate(ExpectedRoot);
        if (!Enum.IsDefined(ReadMode))
        {
            throw new ArgumentOutOfRangeException(nameof(ReadMode), ReadMode, "Not a read mode.");
        }
    }
}

/// <summary>How to create or open a checkpoint file for writing.</summary>
public sealed record CheckpointWriterOptions
{
    /// <summary>The page size in bytes, for a new file only; see <see cref="PageSizes"/>.</summary>
    public int PageSize { get; init; } = PageSizes.Default;

    /// <summary>
    /// The size of a segment in bytes, for a new file only: a power of two from 64 KiB (128 KiB in an encrypted file) to 1 GiB. It is the unit in which space is
    /// taken from the file, so up to three of them are partly filled. The default, 4 MiB, is four full writes.
    /// </summary>
    public int SegmentSize { get; init; } = 4 << 20;

    /// <summary>
    /// How pages are packed that are neither zero nor one repeated word: <see cref="PageCodecs.None"/> (the default) or <see cref="PageCodecs.Lz4"/>,
    /// or another codec that writes plain LZ4 blocks, which is what the file says they are.
    /// </summary>
    public IPageCodec Codec { get; init; } = PageCodecs.None;

    /// <summary>
    /// Store each content once, and of a page that was written what differs from before, where that is smaller; null (the default) stores each page for itself. Older versions of PageStore do
    /// not read a file in which anything was so stored.
    /// </summary>
    public SharingOptions? Sharing { get; init; }

    /// <summary>What of committed epochs can be lost; nothing, unless said otherwise.</summary>
    public Durability Durability { get; init; }

    /// <summary>For <see cref="Durability.SurvivesPowerLossInGroups"/>: at most so many commits stand unsynced, 2 or more; 16 unless said otherwise.</summary>
    public int GroupSize { get; init; } = 16;

    /// <summary>
    /// For <see cref="Durability.SurvivesPowerLossInGroups"/>: a commit this long after the last sync is synced, whatever the group's size; 5 seconds
    /// unless said otherwise, as the kernel's own writeback (vm.dirty_writeback_centisecs).
    /// </summary>
    public TimeSpan GroupDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The key with which a new file is encrypted, or with which an existing one was; null for a plain file. It stays the caller's,
    /// who may dispose it when the file is open. An existing plain file is refused if there is a key.
    /// </summary>
    public CheckpointKey? Key { get; init; }

    /// <summary>The <see cref="CheckpointWriter.RootHash"/> that an existing file must have; null takes any.</summary>
    public string? ExpectedRoot { get; init; }

    /// <summary>Tells the times in the file. A seam: with it and <see cref="FileId"/> tests write the same bytes each time.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The id of a new file; null stands for a random one.</summary>
    internal Guid? FileId { get; init; }

    /// <summary>How often a passphrase is hashed for a new file.</summary>
    internal int KeyDerivationIterations { get; init; } = EncryptionHeader.DefaultIterations;

    /// <summary>Where salts and the random bytes of sessions come from.</summary>
    internal Action<Span<byte>> FillRandom { get; init; } = System.Security.Cryptography.RandomNumberGenerator.Fill;

    /// <summary>Told of each block that is sealed.</summary>
    internal SealObserver? SealObserver { get; init; }

    /// <summary>Takes the pages of a new file, which then has only their names; null keeps them in the file. It stays the caller's.</summary>
    internal IBlockStore? Target { get; init; }

    /// <summary>Whether pages move out of sparse segments with every epoch, however little it gains. A seam for tests.</summary>
    internal bool CleansAlways { get; init; }

    internal void Validate()
    {
        RootHash.Validate(ExpectedRoot);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(KeyDerivationIterations);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(KeyDerivationIterations, EncryptionHeader.MaxIterations);
        PageSizes.ThrowIfInvalid(PageSize, nameof(PageSize));
        ArgumentNullException.ThrowIfNull(Codec);
        Sharing?.Validate();
        if (!int.IsPow2(SegmentSize) || SegmentSize is < 1 << Layout.MinSegmentShift or > 1 << Layout.MaxSegmentShift)
        {
            throw new ArgumentOutOfRangeException(nameof(SegmentSize), SegmentSize, "A segment has a power of two from 65536 to 1073741824 bytes.");
        }

        if (Key is not null && SegmentSize < 1 << Layout.MinSealedSegmentShift)
        {
            throw new ArgumentOutOfRangeException(nameof(SegmentSize), SegmentSize, "A segment of an encrypted file has at least 131072 bytes.");
        }

        if (!Enum.IsDefined(Durability) || GroupSize < 2 || GroupDelay < TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(Durability), Durability, "Not a durability, a group of less than two commits, or a negative delay.");
        }
    }

    internal void ThrowIfRootExpected()
    {
        if (ExpectedRoot is not null)
        {
            throw new ArgumentException("A new file has no root that could be expected.", nameof(ExpectedRoot));
        }
    }
}

/// <summary>What an epoch is to be.</summary>
public sealed record EpochOptions
{
    /// <summary>
    /// The epoch that this one is described against: pages that are not written are the parent's. Null stands for none: pages
    /// that are not written are absent. Any epoch of the file may be a parent, not only the newest.
    /// </summary>
    public EpochId? Parent { get; init; }

    /// <summary>A text for people, at most 1024 bytes of UTF-8.</summary>
    public string? Label { get; init; }

    /// <summary>The moment that the epoch shows; null stands for the moment of the commit.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>What the epoch is good for.</summary>
    public EpochConsistency Consistency { get; init; }

    /// <summary>The guest's UUID; empty where it is not known.</summary>
    public Guid GuestId { get; init; }

    /// <summary>Which boot of the guest this is, as its source tells boots apart; empty where it is not known.</summary>
    public Guid BootInstance { get; init; }

    /// <summary>
    /// Compare each written page with the parent's, byte for byte, and leave out those that are the same. Costs a read of the parent's
    /// page where the sums are equal. For sources that cannot say what was written.
    /// </summary>
    public bool SkipUnchanged { get; init; }

    /// <summary>The number of pages of the guest; null stands for the parent's. Writing a page behind it makes it larger.</summary>
    public long? PageCount { get; init; }

    /// <summary>Makes the epoch's resume pack, which its commit writes, and takes that of the epoch before away; of the same writer. Null for no pack.</summary>
    public PackKeeper? Packs { get; init; }

    /// <summary>The number that the epoch gets, at least the next one of the file: a repair keeps those that epochs had. Null stands for the next one.</summary>
    internal EpochId? Id { get; init; }

    internal void Validate()
    {
        if (FormatText.CountBytes(Label ?? string.Empty) is < 0 or > EpochRecord.MaxLabelBytes)
        {
            throw new ArgumentException($"A label has at most {EpochRecord.MaxLabelBytes} bytes of UTF-8 and no half surrogate pairs.", nameof(Label));
        }

        if (PageCount is < 0 or > Pfn.MaxValue + 1)
        {
            throw new ArgumentOutOfRangeException(nameof(PageCount), PageCount, "A guest has 0 to 2^40 pages.");
        }

        if (!Enum.IsDefined(Consistency))
        {
            throw new ArgumentOutOfRangeException(nameof(Consistency), Consistency, "Not a consistency.");
        }
    }
}
