namespace PageStore.Checkpoint;

/// <summary>Makes epochs of what an image's reader delivers: one, or one for each checkpoint. For one thread. The caller disposes it.</summary>
/// <param name="writer">The file.</param>
/// <param name="format">What the image is.</param>
/// <param name="options">How it is imported.</param>
/// <param name="progress">Told now and then how many pages have been read.</param>
/// <param name="cancellation">No epoch is committed behind it.</param>
internal sealed class ImportSink(
    CheckpointWriter writer, ImageFormat format, ImportOptions options, IProgress<long>? progress, CancellationToken cancellation) : IXenStreamSink, IDisposable
{
    /// <summary>Pages between two reports of progress: 16 MiB of 4 KiB pages.</summary>
    private const long ProgressStep = 4096;

    /// <summary>The sections that each epoch of a checkpointed stream has in common: it says them once.</summary>
    private readonly List<(string Name, byte[] Bytes)> _common = [];

    private ImportedEpoch? _epoch;
    private XenGuestType _guestType;
    private bool _hasState;
    private Guid? _guestId;
    private long _pages;
    private long _reported;

    /// <summary>The epoch that was committed last.</summary>
    public EpochInfo? Last { get; private set; }

    /// <summary>How many have been committed.</summary>
    public long Committed { get; private set; }

    /// <summary>How many bytes they took in the file.</summary>
    public long Bytes { get; private set; }

    public void OnHeader(XenStreamHeader header)
    {
        // What else it says is in the sections, too, byte for byte.
        _guestType = header.GuestType;
    }

    public void OnSection(string name, ReadOnlySpan<byte> bytes)
    {
        byte[] copy = bytes.ToArray();
        AddState(Current(), name, copy);
        if (name == XenSections.XlConfig)
        {
            _guestId = XlConfig.GuestIdOf(bytes);
        }

        if (name == XenSections.LibxcState)
        {
            _hasState = LibxcRecords.HoldState(bytes, _guestType);
        }

        if (XenSections.BeforePages.Contains(name))
        {
            _common.Add((name, copy));
        }
    }

    public void OnPages(ReadOnlySpan<Pfn> pfns, ReadOnlySpan<GuestPageType> types, ReadOnlySpan<byte> pages)
    {
        Current().PutPages(pfns, types, pages);
        Report(pfns.Length);
    }

    public void OnCheckpoint() => Commit(_hasState);

    /// <summary>Commits what has been delivered since the last checkpoint, or since the beginning of an image that has none.</summary>
    public void Commit() => Commit(_hasState || Committed == 0);

    private void Commit(bool isRestorable)
    {
        using ImportedEpoch epoch = Current();
        _epoch = null;
        _hasState = false;
        epoch.Builder.GuestId = _guestId;
        epoch.Builder.Consistency = format is ImageFormat.Raw or ImageFormat.DumpCore ? EpochConsistency.Unknown : isRestorable ? EpochConsistency.Restorable : EpochConsistency.Paused;
        cancellation.ThrowIfCancellationRequested();
        Last = epoch.Commit();
        Bytes += epoch.Builder.Bytes;
        Committed++;
        options.Committed?.Invoke(Last);
    }

    public void Dispose() => _epoch?.Dispose();

    private static void AddState(ImportedEpoch epoch, string name, byte[] bytes)
    {
        using var content = new MemoryStream(bytes);
        epoch.Builder.AddState(name, content);
    }

    /// <summary>The epoch under way; a new one where none is.</summary>
    private ImportedEpoch Current()
    {
        if (_epoch is not null)
        {
            return _epoch;
        }

        // The first epoch is the whole guest, so that pages which it does not mention are none. The next ones say what changed.
        bool isWhole = Committed == 0;
        _epoch = new ImportedEpoch(writer.BeginEpoch(Options(isWhole)), writer.PageSize, isWhole && writer.Newest is { } newest ? writer.OpenEpoch(newest) : null);
        _common.ForEach(section => AddState(_epoch, section.Name, section.Bytes));
        return _epoch;
    }

    private EpochOptions Options(bool isWhole) => new()
    {
        Parent = writer.Newest,
        SkipUnchanged = true,

        // The image says how many pages there are, whatever the parent had.
        PageCount = isWhole ? 0 : null,
        Label = options.Label,
    };

    private void Report(int pages)
    {
        _pages += pages;
        if (_pages - _reported >= ProgressStep)
        {
            _reported = _pages;
            progress?.Report(_pages);
        }
    }
}
