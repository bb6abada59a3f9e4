namespace PageStore.Checkpoint;

/// <summary>
/// Writes the epochs of a checkpoint file one behind the other into a new file, without what nothing reaches any more. It gives back what
/// <see cref="CheckpointWriter.Prune"/> has to leave: parts of blocks of the file system, and segments in which little is live. Every page is checked on
/// the way. Resume packs are written again, of the same plans, each with its epoch. As they are copies, a damaged pack is no reason to refuse: its pages come from the epoch, and of a damaged plan those are packed that
/// it still tells. An encrypted file's are sealed with the same key. What a later version of PageStore says beside an epoch and lets others ignore is left behind. Thread-safe for different files.
/// </summary>
public static class CheckpointCompactor
{
    /// <summary>The name of the new file before it takes the old one's place.</summary>
    private const string TemporarySuffix = ".compacting";

    /// <summary>Compacts into a new file, which must not exist; it is removed again if this throws. The old file is only read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="target">The new file, readable and writable by its owner only.</param>
    /// <param name="key">The key of an encrypted file, with which the new one is encrypted, too; null for a plain one. It stays the caller's.</param>
    /// <param name="expectedRoot">The <see cref="CheckpointReader.RootHash"/> that the file must have; null takes any.</param>
    /// <param name="progress">Told after each epoch how many pages have been brought over.</param>
    /// <param name="cancellationToken">Ends it; the new file is removed.</param>
    /// <exception cref="CorruptDataException">The file is damaged; <see cref="CheckpointRepair"/> salvages what is left. Or it has another root than expected.</exception>
    /// <exception cref="UnsupportedException">The file is of a version or has a feature that this version of PageStore does not know, or it is encrypted and the host has no cryptography.</exception>
    /// <exception cref="WrongKeyException">It is encrypted, and the key is missing or another's; or it is plain, and there is a key.</exception>
    /// <exception cref="StorageException">The file cannot be opened, or the new one exists or cannot be written.</exception>
    /// <exception cref="ArgumentException">The expected root is no root hash.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static CompactReport Compact(
        string path, string target, CheckpointKey? key = null, string? expectedRoot = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(target);
        using FileStorage file = FileStorage.OpenToRead(path);
        return Copy(file, target, key, expectedRoot, progress, cancellationToken);
    }

    /// <summary>
    /// Compacts a file in its place: a new one is written beside it and renamed over it, so that at each moment one of the two is there, whole. Takes
    /// as much space again as is live. Readers that have the file open go on reading the old one; writers wait.
    /// </summary>
    /// <param name="path">The file. The new one is readable and writable by its owner only.</param>
    /// <param name="key">The key of an encrypted file, with which the new one is encrypted, too; null for a plain one. It stays the caller's.</param>
    /// <param name="expectedRoot">The <see cref="CheckpointReader.RootHash"/> that the file must have; null takes any.</param>
    /// <param name="progress">Told after each epoch how many pages have been brought over.</param>
    /// <param name="cancellationToken">Ends it; the file stays as it was.</param>
    /// <exception cref="CorruptDataException">The file is damaged; <see cref="CheckpointRepair"/> salvages what is left. Or it has another root than expected.</exception>
    /// <exception cref="UnsupportedException">The file is of a version or has a feature that this version of PageStore does not know, or it is encrypted and the host has no cryptography.</exception>
    /// <exception cref="WrongKeyException">It is encrypted, and the key is missing or another's; or it is plain, and there is a key.</exception>
    /// <exception cref="StorageException">A writer has the file, or the new one cannot be written.</exception>
    /// <exception cref="ArgumentException">The expected root is no root hash.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static CompactReport CompactInPlace(
        string path, CheckpointKey? key = null, string? expectedRoot = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);

        // A name that is a link stays one: its target is replaced.
        string real = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        string temporary = real + TemporarySuffix;

        // Under the writer's lock, so that nobody appends to the old file behind its copy.
        using FileStorage file = FileStorage.OpenToWrite(real);
        CheckpointWriter.ThrowIfInStore(file, FileRoot.ReadHeader(file));
        File.Delete(temporary);
        CompactReport report = Copy(file, temporary, key, expectedRoot, progress, cancellationToken);
        FileStorage.Replace(temporary, real);
        return report;
    }

    private static CompactReport Copy(
        FileStorage file, string target, CheckpointKey? key, string? expectedRoot, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        ThrowUnlessExpected(file, key, expectedRoot);
        return CheckpointRepair.Salvage(file, target, new RepairOptions { Key = key, KeepsPacks = true }, report => Accept(file, report, key, expectedRoot), progress, cancellationToken);
    }

    private static void ThrowUnlessExpected(FileStorage file, CheckpointKey? key, string? expectedRoot)
    {
        RootHash.Validate(expectedRoot);
        if (expectedRoot is not null)
        {
            FileHeader header = FileRoot.OpenHeader(file, key);
            using FileKeys? keys = header.Keys;
            RootHash.ThrowUnless(FileRoot.Find(file, header), file.Name, expectedRoot);
        }
    }

    /// <summary>A compaction brings over everything, or nothing.</summary>
    private static CompactReport Accept(FileStorage file, RepairReport report, CheckpointKey? key, string? expectedRoot)
    {
        // Once more: a writer may have committed between the first look and the copy.
        ThrowUnlessExpected(file, key, expectedRoot);
        ThrowIfLost(file, report);
        return new CompactReport(report.Epochs, file.Length, report.FileBytes, report.Packs.Written, report.Packs.Left);
    }

    /// <summary>Throws unless a copy has all of a file.</summary>
    /// <exception cref="CorruptDataException">Something is lost.</exception>
    internal static void ThrowIfLost(FileStorage file, RepairReport report)
    {
        if (report.Lost.Count > 0)
        {
            LostPart lost = report.Lost[0];
            throw new CorruptDataException($"{file.Name} is damaged: {lost.Part ?? "page"}: {lost.Reason} It was left as it is; repair salvages what is left.")
            {
                Epoch = lost.Epoch,
                Pfn = lost.Pages?.First,
                Offset = lost.Offset,
            };
        }
    }
}
