using System.Globalization;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>Captures one domain until it is enough, and tells of each epoch in a line.</summary>
internal sealed class CaptureSession(ToolConsole console, XenDomain domain, CaptureRequest request, CancellationToken cancellation)
{
    /// <summary>How long a guest that stands still waits for whoever reads a stream, in one standstill: as long as for the operator's command, and shorter than what its peers take for its end.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long he is waited for from Ctrl-C on. The epoch that --restorable last takes then waits up to 20 seconds for the guest to suspend (<see cref="XenSuspend"/>), and the tool is ended after 30
    /// (<see cref="Tool"/>), which must find no guest suspended: both together leave 5 seconds for what else there is to do.
    /// </summary>
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private PauseHook? _hook;
    private RestorableEpochs? _restorable;

    private delegate GuestCapture Begin(XenGuestMemory memory, IDirtyLog? log, CaptureOptions options);

    /// <summary>Captures into a file; returns the exit code.</summary>
    public int IntoFile(CheckpointWriter writer)
    {
        _hook = HookOf();
        using var pause = new XenPause(domain);
        using XenSuspend? suspend = SuspendOf();
        _restorable = suspend is null ? null : request.Restorable?.Of(suspend);
        using PackKeeper? packs = request.Packs ? new PackKeeper(writer, new PredictivePolicy()) : null;
        void Committed(EpochInfo epoch)
        {
            Tell(packs, epoch);
            CheckpointFiles.KeepLast(writer, request.KeepLast);
        }

        Run((memory, log, options) => new GuestCapture(writer, memory, log, pause, options with { Packs = packs }), console.Out, Committed);
        return Code();
    }

    /// <summary>Captures into a stream, of which another host makes a file; returns the exit code.</summary>
    public int IntoStream(Stream output)
    {
        _hook = HookOf();
        using var pause = new XenPause(domain);
        using XenSuspend? suspend = SuspendOf();
        var standstill = new Standstill();
        var watched = new WatchedPause(pause, standstill);
        _restorable = suspend is null ? null : request.Restorable?.Of(new WatchedSuspend(suspend, standstill));
        using var patient = new PatientOutput(output, standstill, Patience, LastPatience, cancellation);
        using CaptureStream stream = suspend is null ? new CaptureStream(patient) : new CaptureStream(patient, suspend.ReadRunningState());
        Run((memory, log, options) => GuestCapture.IntoStream(stream, memory, log, watched, options), console.Error, _ => { });
        stream.End();
        return Code();
    }

    /// <summary>An epoch without a pack is worth more than none: what cannot be packed is told of, and the capture goes on.</summary>
    private void Tell(PackKeeper? packs, EpochInfo epoch)
    {
        if (packs?.Failure is { } cause)
        {
            console.Error.WriteLine($"pagestore: Epoch {epoch.Id} is whole, and has no resume pack: {cause.Message}");
        }
    }

    private PauseHook? HookOf() => request.Hook is null ? null : new PauseHook(request.Hook, request.File, !request.IsStream, domain.Id, cancellation);

    private XenSuspend? SuspendOf() => request.Restorable is null ? null : new XenSuspend(domain, XenStateSections.Of);

    private int Code() => _hook is { AnyFailed: true } ? ExitCode.Command : ExitCode.Ok;

    private void Run(Begin begin, TextWriter told, Action<EpochInfo> committed)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var memory = new XenGuestMemory(domain);
        using XenAccessBits? bits = request.ReadsPageTables ? new XenAccessBits(domain) : null;
        using XenDirtyLog? log = LogOf();
        using PageTableAccessLog? accesses = log is null || bits is null ? null : new PageTableAccessLog(log, memory, bits);
        using GuestCapture capture = begin(memory, accesses ?? (IDirtyLog?)log, new CaptureOptions { GuestId = domain.Uuid, BootInstance = domain.GetBootInstance(), WhilePaused = _hook is null ? [] : [_hook] });
        void OnEpoch(EpochReport report)
        {
            told.WriteLine(Describe(report, memory.PageSize) + Describe(report, accesses));
            committed(report.Epoch);
            if (_hook?.Last is { } result)
            {
                TellOfHook(report, result, stop);
            }
        }

        capture.Run(request.Interval, request.Epochs, OnEpoch, stop.Token, _restorable);
    }

    /// <summary>
    /// None of a PV guest: few hypervisors have one, and it does not tell of a page that became a page table, whose copy is another then. None of a guest with a device model either, whose writes Xen's does not tell: what it
    /// read of an emulated disk would be missing from epochs.
    /// </summary>
    private XenDirtyLog? LogOf()
    {
        bool hasDeviceModel = domain.HasDeviceModel();
        if (domain.IsHvm && !hasDeviceModel)
        {
            return new XenDirtyLog(domain);
        }

        string why = hasDeviceModel ? "has a device model (QEMU), which writes into its memory without Xen's log" : "is a PV guest, whose writes are not logged";
        console.Error.WriteLine($"pagestore: Domain {domain.Id} {why}: for each epoch it stands still until all of its memory is copied, and the pages that differ are kept.");
        return null;
    }

    /// <summary>What became of the command, where the epoch does not say it to whoever reads it, or where it failed.</summary>
    private void TellOfHook(EpochReport report, HookResult result, CancellationTokenSource stop)
    {
        if (request.IsStream)
        {
            console.Error.WriteLine(result.Describe(report.Epoch.Id));
        }

        if (result.IsSuccess())
        {
            return;
        }

        // Each further epoch would stop the guest for as long.
        bool ends = result.Ended == HookResult.TimedOut;
        string says = request.IsStream ? ", and the stream has no place to say so" : ", and says so";
        console.Error.WriteLine($"pagestore: The command of --hook-paused {result.Describe()}. Epoch {report.Epoch.Id} is whole{says}.{(ends ? " The capture ends here, for the guest stood still." : string.Empty)}");
        if (ends)
        {
            stop.Cancel();
        }
    }

    private static string Describe(EpochReport report, int pageSize) =>
        string.Create(CultureInfo.InvariantCulture, $"{EpochLine.Of(report.Epoch, pageSize)}{(report.Epoch.Consistency == EpochConsistency.Restorable ? ", restorable" : string.Empty)}, paused {report.Pause.TotalMilliseconds:F1} ms");

    /// <summary>What page tables told, and what of the pause it took.</summary>
    private static string Describe(EpochReport report, PageTableAccessLog? log) => log is null
        ? string.Empty
        : string.Create(
            CultureInfo.InvariantCulture,
            $", {report.Epoch.PagesRead ?? 0} pages read: {log.LastHarvest.BitsCleared} bits in {log.LastHarvest.TablesRead} of {log.LastHarvest.Tables} tables, {log.LastHarvest.LargePages} large pages, {log.LastHarvest.Elapsed.TotalMilliseconds:F1} ms");
}
