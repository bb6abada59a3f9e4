using PageStore.Checkpoint;
using PageStore.Native;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>Serves the newest epoch of a file to one monitor, which is another process and may be killed at any moment: what <c>pagestore serve --once</c> does.</summary>
internal sealed class ServedEpoch : IDisposable
{
    private readonly CheckpointReader _reader;
    private readonly Epoch _epoch;
    private readonly UserFaultListener _listener;
    private readonly CancellationTokenSource _gone = new();
    private readonly Task _serving;
    private volatile LazyResume? _resume;

    internal ServedEpoch(string path, string socket)
    {
        _reader = CheckpointReader.Open(path);
        _epoch = _reader.OpenEpoch(_reader.Newest!.Value);
        ResumePlan? plan = ReturnedGuest.PlanOf(path, _epoch, ReturnedGuest.Packed);
        _listener = new UserFaultListener(socket);
        _serving = Task.Factory.StartNew(() => Serve(plan), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>How many pages hold something.</summary>
    internal int PageCount => (int)_epoch.Info.PagesConfigured;

    /// <summary>Waits until so many pages were brought to the monitor, or all that are.</summary>
    internal void WaitForPages(long count) => Assert.True(
        SpinWait.SpinUntil(() => _serving.IsCompleted || _resume?.Progress.BroughtPages >= count, OfferedGuest.Patience), "the pages do not come");

    /// <summary>The monitor has been killed. What it was served was right, or this fails.</summary>
    public void Dispose()
    {
        _gone.Cancel();
        _serving.GetAwaiter().GetResult();
        _listener.Dispose();
        _epoch.Dispose();
        _reader.Dispose();
        _gone.Dispose();
    }

    private void Serve(ResumePlan? plan)
    {
        using UserFaultMemory? memory = TryAccept();
        if (memory is null)
        {
            return;
        }

        using var resume = new LazyResume(_epoch, memory, plan);
        _resume = resume;
        ResumeReport report = resume.Run(_gone.Token);
        if (report.Damage is not null || report.DamagedPages.Count > 0)
        {
            throw new CorruptDataException($"Epoch {report.Epoch} has damaged pages: {report.Damage ?? report.DamagedPages[0].ToString()}.");
        }
    }

    private UserFaultMemory? TryAccept()
    {
        try
        {
            return _listener.Accept(_gone.Token);
        }
        catch (Exception killed) when (killed is OperationCanceledException or CorruptDataException)
        {
            // Before it came, or before it had said what it came for.
            return null;
        }
    }
}
