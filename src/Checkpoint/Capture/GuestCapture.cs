using System.Diagnostics;
using Microsoft.Extensions.ObjectPool;

namespace PageStore.Checkpoint;

/// <summary>
/// Captures a guest into a checkpoint file, or into a stream to one (<see cref="CaptureStream"/>), epoch by epoch: the first takes the whole image while the guest runs under its dirty log, each
/// further one the pages written since. Per epoch: pause or suspend, harvest, copy, resume (and <see cref="CaptureOptions.WhilePaused"/> beside the copy); then classify, checksum, compress and commit
/// behind the running guest. Not thread-safe. Disposing stops the dirty log; writer, memory and log stay the caller's to dispose.
/// </summary>
/// <remarks>
/// A harvest is destructive, so what was harvested stays remembered until an epoch that holds it is committed: when
/// <see cref="Capture"/> throws, the next call takes those pages again. Into a file that has epochs already, the first epoch is compared with the newest
/// byte for byte: a dirty log knows nothing of what happened before it was started. Without a dirty log each epoch is such a one, and all of the guest is copied and
/// compared while it stands still.
/// </remarks>
public sealed class GuestCapture : IDisposable
{
    /// <summary>Pages streamed at once: 256 KiB of 4 KiB pages, which stay in a core's cache until they are copied and summed.</summary>
    private const int StreamBytes = 256 << 10;

    private readonly ICaptureTarget _target;
    private readonly IGuestMemory _memory;
    private readonly IDirtyLog? _log;
    private readonly IGuestPause _pause;
    private readonly CaptureOptions _options;
    private readonly ObjectPool<PageBuffer> _buffers;
    private readonly int _bufferLimit;
    private readonly List<PageBuffer> _filled = [];
    private readonly byte[] _streamPages = new byte[StreamBytes];
    private readonly GuestPageType[] _streamTypes;
    private readonly PageBitmap _written;
    private readonly PageBitmap _fresh;
    private readonly PageBitmap _read;
    private IReadOnlyList<GuestStateSection> _state = [];
    private bool _tracking;
    private bool _complete;
    private bool _disposed;

    /// <summary>Makes a capture; nothing happens to the guest yet.</summary>
    /// <param name="writer">Where the epochs go; its page size must be the guest's.</param>
    /// <param name="memory">The guest's memory.</param>
    /// <param name="log">Its dirty log; if it is an <see cref="IAccessLog"/>, R is recorded too. Null where it has none.</param>
    /// <param name="pause">Stops and continues the guest.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <exception cref="ArgumentException">Page sizes or page counts do not fit each other.</exception>
    public GuestCapture(CheckpointWriter writer, IGuestMemory memory, IDirtyLog? log, IGuestPause pause, CaptureOptions? options = null)
        : this((ICaptureTarget)writer, memory, log, pause, options)
    {
    }

    private GuestCapture(ICaptureTarget target, IGuestMemory memory, IDirtyLog? log, IGuestPause pause, CaptureOptions? options)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(pause);
        long logged = log?.PageCount ?? memory.PageCount;
        if (memory.PageSize != target.PageSize || memory.PageCount != logged)
        {
            throw new ArgumentException($"The guest has {memory.PageCount} pages of {memory.PageSize} bytes; the log has {logged}, and the file has pages of {target.PageSize} bytes.", nameof(memory));
        }

        _options = options ?? new();
        _options.Validate();
        (_target, _memory, _log, _pause) = (target, memory, log, pause);
        _bufferLimit = (int)(_options.BufferBytes / PageBuffer.Bytes);
        _buffers = new DefaultObjectPool<PageBuffer>(new DefaultPooledObjectPolicy<PageBuffer>(), _bufferLimit);
        _streamTypes = new GuestPageType[StreamBytes / memory.PageSize];
        _written = new PageBitmap(memory.PageCount);
        _fresh = new PageBitmap(memory.PageCount);
        _read = new PageBitmap(memory.PageCount);
    }

    private long BufferPages => (long)_bufferLimit * (PageBuffer.Bytes / _memory.PageSize);

    /// <summary>Makes a capture whose epochs go to another host; nothing happens to the guest yet, and nothing is sent.</summary>
    /// <param name="stream">Where they go; the guest's pages must have 4096 bytes. A capture that fails breaks the stream off.</param>
    /// <param name="memory">The guest's memory.</param>
    /// <param name="log">Its dirty log; what was read is not sent. Null where it has none: each epoch then sends the whole guest.</param>
    /// <param name="pause">Stops and continues the guest.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <returns>The capture, which the caller disposes; the stream stays the caller's, too.</returns>
    /// <exception cref="ArgumentException">Page sizes or page counts do not fit each other, or there is a <see cref="CaptureOptions.Packs"/>: a stream has no place for packs.</exception>
    public static GuestCapture IntoStream(CaptureStream stream, IGuestMemory memory, IDirtyLog? log, IGuestPause pause, CaptureOptions? options = null) =>
        options?.Packs is null ? new((ICaptureTarget)stream, memory, log, pause, options) : throw new ArgumentException("A stream has no place for resume packs: let whoever writes the file make them.", nameof(options));

    /// <summary>Captures one epoch and commits it.</summary>
    /// <param name="label">A text for people, or null.</param>
    /// <returns>The epoch and what it cost.</returns>
    /// <exception cref="StorageException">The medium, the dirty log, or pausing failed. The guest runs, unless resuming it was what failed.</exception>
    /// <remarks>What <see cref="CaptureOptions.WhilePaused"/> throws passes through; the guest runs then, too.</remarks>
    public EpochReport Capture(string? label = null) => Take(_pause, _options.Consistency, label);

    /// <summary>Captures one epoch across a suspend, with the state of devices and processors, and commits it: the guest can run again from it.</summary>
    /// <param name="suspend">Suspends this guest, in the place of the pause.</param>
    /// <param name="label">A text for people, or null.</param>
    /// <returns>The epoch, which is <see cref="EpochConsistency.Restorable"/>, and what it cost.</returns>
    /// <exception cref="StorageException">As <see cref="Capture"/>, or the guest did not take part.</exception>
    public EpochReport CaptureRestorable(IGuestSuspend suspend, string? label = null)
    {
        ArgumentNullException.ThrowIfNull(suspend);
        return Take(suspend, EpochConsistency.Restorable, label);
    }

    /// <summary>
    /// Captures epochs at a fixed rate until the token is cancelled or the number is reached. An epoch that takes longer than the interval
    /// delays the next, and none is made up for.
    /// </summary>
    /// <param name="interval">From the beginning of one epoch to that of the next.</param>
    /// <param name="epochs">How many, or null for no end.</param>
    /// <param name="onEpoch">Told of each committed epoch, on this thread.</param>
    /// <param name="cancellation">Ends the captures; an epoch under way is committed first.</param>
    /// <param name="restorable">Which epochs are to be restorable; null for none.</param>
    /// <exception cref="StorageException">As <see cref="Capture"/>.</exception>
    public void Run(TimeSpan interval, long? epochs, Action<EpochReport> onEpoch, CancellationToken cancellation, RestorableEpochs? restorable = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, TimeSpan.Zero);
        restorable?.Validate();
        bool isLast = false;
        for (long done = 0; done != epochs && !isLast; done++)
        {
            long start = Stopwatch.GetTimestamp();
            bool isCancelled = cancellation.IsCancellationRequested;
            if (isCancelled && (done == 0 || restorable is not { Last: true }))
            {
                return;
            }

            isLast = isCancelled || done + 1 == epochs;
            onEpoch(restorable?.Includes(done + 1, isLast) == true ? CaptureRestorable(restorable.Suspend) : Capture());
            TimeSpan rest = interval - Stopwatch.GetElapsedTime(start);
            if (rest > TimeSpan.Zero && !isLast)
            {
                cancellation.WaitHandle.WaitOne(rest);
            }
        }
    }

    /// <summary>Stops the dirty log. Idempotent.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _written.Dispose();
            _fresh.Dispose();
            _read.Dispose();
            _log?.Stop();
        }
    }

    private EpochReport Take(IGuestPause pause, EpochConsistency consistency, string? label)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var timer = new PhaseTimer();
        bool full = !_complete || _log is null;
        ReturnBuffers();
        using ICapturedEpoch epoch = _target.BeginEpoch(OptionsFor(label, full, consistency));
        long streamed = 0;
        int rounds = _log is null ? 0 : StreamRunning(_log, epoch, full, ref streamed);
        timer.End(Phase.Stream);
        long copied = TakeRest(epoch, timer, pause);
        Store(epoch);
        AddStates(epoch);
        timer.End(Phase.Store);
        if (_log is IAccessLog)
        {
            epoch.SetReadSet(_read);
        }

        EpochInfo info = epoch.Commit();
        timer.End(Phase.Commit);
        _complete = true;
        _written.ClearAll();
        _read.ClearAll();
        EpochReport report = timer.Report(info, full, streamed, copied, rounds);
        CaptureMetrics.Record(report);
        return report;
    }

    /// <summary>What is streamed while the guest runs, under its log.</summary>
    private int StreamRunning(IDirtyLog log, ICapturedEpoch epoch, bool full, ref long streamed)
    {
        if (full && !_tracking)
        {
            log.Start();
            _tracking = true;
        }

        streamed = full ? StreamAll(epoch) : StreamSet(epoch, _written);
        return StreamRounds(log, epoch, ref streamed);
    }

    private EpochOptions OptionsFor(string? label, bool full, EpochConsistency consistency) => new()
    {
        Parent = _target.Newest,
        SkipUnchanged = full,
        PageCount = _memory.PageCount,
        Label = label,
        Consistency = consistency,
        GuestId = _options.GuestId,
        BootInstance = _options.BootInstance,
        Packs = _options.Packs,
    };

    private long StreamAll(ICapturedEpoch epoch) => StreamRun(epoch, new PfnRun(new Pfn(0), _memory.PageCount));

    private long StreamSet(ICapturedEpoch epoch, PageBitmap pages)
    {
        long streamed = 0;
        foreach (PfnRun run in pages.Runs())
        {
            streamed += StreamRun(epoch, run);
        }

        return streamed;
    }

    private long StreamRun(ICapturedEpoch epoch, PfnRun run)
    {
        for (Pfn pfn = run.First; pfn < run.End;)
        {
            int count = (int)Math.Min(_streamTypes.Length, run.End - pfn);
            Span<byte> pages = _streamPages.AsSpan(0, count * _memory.PageSize);
            Span<GuestPageType> types = _streamTypes.AsSpan(0, count);
            _memory.CopyPages(pfn, pages, types);
            epoch.WritePages(pfn, pages, types);
            pfn += count;
        }

        return run.Count;
    }

    /// <summary>Streams written pages of the running guest, round by round, until what is left fits into the buffers.</summary>
    private int StreamRounds(IDirtyLog log, ICapturedEpoch epoch, ref long streamed)
    {
        int rounds = 0;
        while (rounds < _options.MaxRounds && CountDirty(log) > BufferPages)
        {
            Harvest(log);
            streamed += StreamSet(epoch, _fresh);
            rounds++;
        }

        return rounds;
    }

    private long CountDirty(IDirtyLog log)
    {
        _fresh.ClearAll();
        log.Peek(_fresh);
        return _fresh.Count();
    }

    /// <summary>Adds the log's pages to W before anything else is done with them.</summary>
    private void Harvest(IDirtyLog log)
    {
        _fresh.ClearAll();
        if (log is IAccessLog accesses)
        {
            accesses.HarvestAccesses(_fresh, _read);
        }
        else
        {
            log.Harvest(_fresh);
        }

        _written.Or(_fresh);
    }

    /// <summary>The pause. Work that runs beside the copy costs the guest only what it takes longer than that.</summary>
    private long TakeRest(ICapturedEpoch epoch, PhaseTimer timer, IGuestPause pause)
    {
        using var abandon = new CancellationTokenSource();
        Task work = Task.CompletedTask;
        pause.Pause();
        try
        {
            timer.End(Phase.Pausing);
            work = Task.WhenAll(_options.WhilePaused.Select(work => work.RunAsync(epoch.Id, abandon.Token)));
            long copied = _log is null ? StreamAll(epoch) : HarvestAndCopy(_log, epoch, timer);
            _state = (pause as IGuestSuspend)?.ReadState() ?? [];
            timer.End(Phase.Copy);
            work.GetAwaiter().GetResult();
            return copied;
        }
        catch
        {
            abandon.Cancel();
            throw;
        }
        finally
        {
            timer.End(Phase.Work);
            pause.Resume();
            timer.End(Phase.Resuming);

            // What was abandoned ends behind the running guest; nothing of it goes on when this has returned.
            Task.WhenAny(work).GetAwaiter().GetResult();
        }
    }

    private long HarvestAndCopy(IDirtyLog log, ICapturedEpoch epoch, PhaseTimer timer)
    {
        Harvest(log);
        timer.End(Phase.Harvest);
        return Copy(epoch);
    }

    private void AddStates(ICapturedEpoch epoch)
    {
        IEnumerable<(string Name, ReadOnlyMemory<byte> Content)> ofWork = _options.WhilePaused.SelectMany(work => work.TakeStates());
        foreach ((string name, ReadOnlyMemory<byte> bytes) in _state.Select(section => (section.Name, section.Content)).Concat(ofWork))
        {
            using var content = new MemoryStream(bytes.ToArray(), writable: false);
            epoch.AddState(name, content);
        }
    }

    /// <summary>Copies the fresh pages into buffers; what does not fit after all rounds is stored during the pause.</summary>
    private long Copy(ICapturedEpoch epoch)
    {
        long copied = 0;
        foreach (PfnRun run in _fresh.Runs())
        {
            PfnRun rest = run;
            while (rest.Count > 0)
            {
                int count = Buffer().Fill(_memory, rest);
                rest = new PfnRun(rest.First + count, rest.Count - count);
                if (rest.Count > 0 && !TryAddBuffer())
                {
                    StreamRun(epoch, rest);
                    break;
                }
            }

            copied += run.Count;
        }

        return copied;
    }

    private PageBuffer Buffer()
    {
        if (_filled.Count == 0)
        {
            TryAddBuffer();
        }

        return _filled[^1];
    }

    private bool TryAddBuffer()
    {
        if (_filled.Count == _bufferLimit)
        {
            return false;
        }

        PageBuffer buffer = _buffers.Get();
        buffer.Clear();
        _filled.Add(buffer);
        return true;
    }

    private void Store(ICapturedEpoch epoch)
    {
        foreach (PageBuffer buffer in _filled)
        {
            buffer.Store(epoch, _memory.PageSize);
        }

        ReturnBuffers();
    }

    /// <summary>Gives all buffers back; after a capture that failed they hold copies that are out of date.</summary>
    private void ReturnBuffers()
    {
        foreach (PageBuffer buffer in _filled)
        {
            _buffers.Return(buffer);
        }

        _filled.Clear();
    }
}
