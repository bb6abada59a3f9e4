namespace PageStore.Checkpoint;

/// <summary>
/// Takes the epochs of a capture into a stream instead of a file: a libxc stream of version 3 with checkpoints, as Remus sends it, for a checkpoint file on another host. There
/// <see cref="ImageImporter"/> makes an epoch of each checkpoint as it comes. An epoch whose state sections hold none of Xen's state of devices and processors has no record
/// of it in the stream, and its reader takes it for what it is: <see cref="EpochConsistency.Paused"/>. With the sections that a guest's state has before its pages, the stream has
/// all that is around pages in a file of xl, and its restorable epochs are exported as such. Not thread-safe.
/// The format: docs/specs/libxc-migration-stream and docs/specs/libxl-migration-stream of Xen.
/// </summary>
public sealed class CaptureStream : ICaptureTarget, IDisposable
{
    private readonly Stream _output;
    private readonly IReadOnlyList<GuestStateSection> _head;
    private StreamedEpoch? _epoch;
    private PageBitmap? _held;
    private bool _failed;

    /// <summary>Makes a target; nothing is written yet.</summary>
    /// <param name="output">Where the stream goes. Stays the caller's, who disposes it behind the capture; its reader need not seek.</param>
    public CaptureStream(Stream output)
        : this(output, [])
    {
    }

    /// <summary>As the other, for restorable epochs.</summary>
    /// <param name="output">Where the stream goes. Stays the caller's, who disposes it behind the capture; its reader need not seek.</param>
    /// <param name="state">
    /// The state of the guest at any moment, as <see cref="XenStateSections.Of"/> makes it; of it, what stands before the pages (<see cref="XenSections.BeforePages"/>) in any order, the rest is not looked at. All
    /// epochs of the stream share that: the configuration is that of its beginning. Sections of none of these names make a bare libxc stream.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The sections make no stream that a reader takes: one is missing that another one needs, stands twice, belongs to a suspend image, or holds something else than its name says.
    /// </exception>
    public CaptureStream(Stream output, IReadOnlyList<GuestStateSection> state)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(state);
        _output = output;
        _head = StreamHead.Of(state);
        HasLayers = _head.Any(section => section.Name == XenSections.LibxlHeader);
        Record = new PageDataRecord(PageSizes.Default);
    }

    int ICaptureTarget.PageSize => PageSizes.Default;

    EpochId? ICaptureTarget.Newest => Checkpoints == 0 ? null : new EpochId(Checkpoints);

    /// <summary>How many checkpoints were written: each is an epoch for whoever reads.</summary>
    public long Checkpoints { get; private set; }

    /// <summary>How many bytes were written.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether there is a libxl stream around that of the pages.</summary>
    internal bool HasLayers { get; }

    /// <summary>The record under way.</summary>
    internal PageDataRecord Record { get; }

    /// <summary>The pages that the reader holds as present.</summary>
    internal PageBitmap Held => _held!;

    /// <summary>
    /// Ends the stream in order, behind its last checkpoint. Without it, or behind a failure, the reader keeps what came up to the last checkpoint and says that the stream broke off. A
    /// stream without a checkpoint has no end: it holds no guest.
    /// </summary>
    /// <exception cref="StorageException">The stream could not be written.</exception>
    public void End()
    {
        if (Checkpoints > 0 && _epoch is null && !_failed)
        {
            // Of the pages, and of the layer around them.
            Write(RecordHeader.End);
            Write(HasLayers ? RecordHeader.End : []);
            Guard(_output.Flush);
        }
    }

    /// <summary>Lets go of memory; the stream itself stays the caller's. Idempotent.</summary>
    public void Dispose() => _held?.Dispose();

    ICapturedEpoch ICaptureTarget.BeginEpoch(EpochOptions options)
    {
        if (_epoch is not null || _failed)
        {
            throw new InvalidOperationException("The stream has broken off inside an epoch: its reader has dropped what it was sent of that. Begin another one.");
        }

        if (_held is null)
        {
            WriteHead();
            _held = new PageBitmap(options.PageCount ?? 0);
        }

        _epoch = new StreamedEpoch(this, options, new EpochId(Checkpoints + 1));
        return _epoch;
    }

    /// <summary>Writes the record under way, if it has a page.</summary>
    internal void FlushRecord()
    {
        if (!Record.IsEmpty)
        {
            Write(Record.Front);
            Write(Record.Pages);
            Record.Clear();
        }
    }

    /// <summary>Whether the stream said this section before its pages.</summary>
    internal bool HasSaid(string name) => _head.Any(section => section.Name == name);

    /// <summary>Ends an epoch: its reader may commit it.</summary>
    /// <param name="tail">What the layer around the pages says of it, if there is one.</param>
    internal void WriteCheckpoint(ReadOnlyMemory<byte> tail)
    {
        Write(LibxcRecords.WithoutBody(LibxcRecordType.Checkpoint));
        Write(tail);
        Write(HasLayers ? LibxlLayer.MakeCheckpointEnd() : []);
        Guard(_output.Flush);
        Checkpoints++;
        _epoch = null;
    }

    /// <summary>Takes note that an epoch under way comes to nothing: part of it has been sent, and there is no record to take it back.</summary>
    internal void BreakOff()
    {
        _failed = true;
        _epoch = null;
    }

    internal void Write(ReadOnlyMemory<byte> bytes)
    {
        Guard(() => _output.WriteAsync(bytes).AsTask().GetAwaiter().GetResult());
        Bytes += bytes.Length;
    }

    private void WriteHead()
    {
        foreach (GuestStateSection section in _head)
        {
            Write(section.Content);
        }

        if (_head.Count == 0)
        {
            // The release of Xen, which only a log shows, is left out.
            Write(LibxcHeaders.MakeHvm(0, 0));
            Write(LibxcRecords.WithoutBody(LibxcRecordType.StaticDataEnd));
        }
    }

    private void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (IOException cause)
        {
            _failed = true;
            throw new StorageException($"The stream cannot be written: {cause.Message.TrimEnd('.')}. Whoever reads it keeps the {Checkpoints} checkpoints that were sent before.", cause);
        }
    }
}
