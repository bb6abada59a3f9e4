namespace PageStore.Checkpoint;

/// <summary>
/// Salvages what still checks of a damaged checkpoint file into a new one. Epochs keep their ids, labels, times, parents and sections; pages that are
/// lost become absent, never another epoch's; an epoch that lost anything is no longer <see cref="EpochConsistency.Restorable"/> or paused but
/// <see cref="EpochConsistency.Unknown"/>, and has a state section <c>pagestore-repair</c> that says in JSON what it lost. Resume packs, which are copies, are left behind. Thread-safe for different files.
/// </summary>
/// <remarks>
/// A page is salvaged if its block, the nodes on the way to it and the record of its epoch match their sums. Where the directory is damaged, records are
/// searched for in the whole file and known by their form. An encrypted file becomes one of the same key; where no root of it is left, nothing of it can be opened. Memory use is bounded: a bit or two for each page of an epoch, and the lists of what is lost.
/// </remarks>
public static class CheckpointRepair
{
    /// <summary>Salvages a file into a new one, which must not exist; it is removed again if this throws.</summary>
    /// <param name="damaged">The damaged file. It is only read, and by position: it may be truncated. A writer may be at work on it.</param>
    /// <param name="target">The new file, readable and writable by its owner only.</param>
    /// <param name="options">How to repair; null stands for the defaults.</param>
    /// <param name="progress">Told after each epoch how many pages have been brought over.</param>
    /// <param name="cancellationToken">Ends the repair; the new file is removed.</param>
    /// <returns>What was brought over and what is lost; losses are not thrown.</returns>
    /// <exception cref="CorruptDataException">There is no header, or nothing that could be salvaged.</exception>
    /// <exception cref="UnsupportedException">The file is of a version or has a feature that this version of PageStore does not know, or it is encrypted and the host has no cryptography.</exception>
    /// <exception cref="WrongKeyException">It is encrypted, and the key is missing or another's; or it is plain, and there is a key.</exception>
    /// <exception cref="StorageException">The damaged file cannot be opened, or the new one exists or cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The repair was cancelled.</exception>
    public static RepairReport Salvage(
        string damaged,
        string target,
        RepairOptions? options = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(damaged);
        ArgumentException.ThrowIfNullOrEmpty(target);
        options ??= new();
        options.Validate();
        using FileStorage file = FileStorage.OpenToRead(damaged);
        return Salvage(file, target, options, static report => report, progress, cancellationToken);
    }

    /// <summary>Salvages an open file into a new one, which is removed again if this throws.</summary>
    /// <param name="damaged">The file; stays the caller's to dispose.</param>
    /// <param name="target">The new file.</param>
    /// <param name="options">How to repair.</param>
    /// <param name="accept">Makes the result of the report, or throws.</param>
    /// <param name="progress">Told after each epoch how many pages have been brought over.</param>
    /// <param name="cancellationToken">Ends the repair.</param>
    internal static T Salvage<T>(
        FileStorage damaged, string target, RepairOptions options, Func<RepairReport, T> accept, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        bool created = false;
        try
        {
            RepairOptions found = options with { FindOutside = header => CheckpointReader.OutsideOf(damaged.Name, header) };
            T result = accept(Salvage(damaged, Create, found, progress, cancellationToken));
            FileStorage.SyncFolderOf(target);
            return result;
        }
        catch when (created)
        {
            File.Delete(target);
            throw;
        }

        IStorage Create()
        {
            FileStorage storage = FileStorage.Create(target);
            created = true;
            return storage;
        }
    }

    /// <summary>Salvages from one medium to another.</summary>
    /// <param name="damaged">The damaged file; stays the caller's to dispose.</param>
    /// <param name="create">Makes the new, empty medium, once the damaged file turned out to hold something; it is disposed here.</param>
    /// <param name="options">How to repair.</param>
    /// <param name="progress">Told after each epoch how many pages have been brought over.</param>
    /// <param name="cancellationToken">Ends the repair.</param>
    internal static RepairReport Salvage(
        IStorage damaged, Func<IStorage> create, RepairOptions options, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        var log = new LossLog();
        using SalvageSource source = SalvageSource.Open(new SalvageStorage(damaged), options, log, cancellationToken);
        var codec = new SwitchedCodec();
        var writerOptions = new CheckpointWriterOptions
        {
            PageSize = source.Header.PageSize,
            SegmentSize = (int)source.Header.SegmentSize,
            Codec = codec,
            Sharing = source.Shares && options.Target is null ? new SharingOptions() : null,
            Key = options.Key,
            Target = options.Target,
            FileId = options.TargetId,

            // Half a repair is none: one sync at the end does.
            Durability = Durability.SurvivesProcessCrash,
        };
        IStorage storage = create();
        using CheckpointWriter writer = CheckpointWriter.Create(storage, writerOptions);
        var salvager = new EpochSalvager(source, writer, codec, log, options, progress, cancellationToken);
        foreach (FoundRecord found in source.Records)
        {
            salvager.Salvage(found);
        }

        writer.Sync();
        return new RepairReport(salvager.Epochs, salvager.PagesCopied, log.Pages, log.Listed, log.Parts, storage.Length) { Packs = (salvager.Packs, salvager.PacksLeft) };
    }
}
