using System.Globalization;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>Captures one domain, and tells of each epoch in a line.</summary>
internal sealed class CaptureSession(ToolConsole console, XenDomain domain, CaptureRequest request)
{
    /// <summary>Captures until it is enough; returns the exit code.</summary>
    public int Run(CheckpointWriter writer, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        PauseHook? hook = request.Hook is null ? null : new PauseHook(request.Hook, request.File, domain.Id, cancellation);
        using var memory = new XenGuestMemory(domain);
        using var log = new XenDirtyLog(domain);
        using var pause = new XenPause(domain);
        var options = new CaptureOptions { GuestId = domain.Uuid, WhilePaused = hook is null ? [] : [hook] };
        using var capture = new GuestCapture(writer, memory, log, pause, options);
        capture.Run(request.Interval, request.Epochs, report => Committed(writer, report, hook, stop), stop.Token);
        return hook is { AnyFailed: true } ? ExitCode.Command : ExitCode.Ok;
    }

    private void Committed(CheckpointWriter writer, EpochReport report, PauseHook? hook, CancellationTokenSource stop)
    {
        console.Out.WriteLine(Describe(report, writer.PageSize));
        CheckpointFiles.KeepLast(writer, request.KeepLast);
        if (hook?.Last is { } result && !result.IsSuccess())
        {
            // Each further epoch would stop the guest for as long.
            bool ends = result.Ended == HookResult.TimedOut;
            console.Error.WriteLine($"pagestore: The command of --hook-paused {result.Describe()}. Epoch {report.Epoch.Id} is whole, and says so.{(ends ? " The capture ends here, for the guest stood still." : string.Empty)}");
            if (ends)
            {
                stop.Cancel();
            }
        }
    }

    private static string Describe(EpochReport report, int pageSize) => string.Create(
        CultureInfo.InvariantCulture,
        $"epoch {report.Epoch.Id}: {report.Epoch.PagesWritten} pages ({ByteSize.Format(report.Epoch.PagesWritten * pageSize)}) written, paused {report.Pause.TotalMilliseconds:F1} ms");
}
