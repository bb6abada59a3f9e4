using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Integration.Tests;

/// <summary>Serves the newest epoch of a file to one monitor, which is another process and may be killed at any moment: what <c>pagestore serve --once</c> does.</summary>
internal sealed class ServedEpoch : IDisposable
{
    private readonly CheckpointReader _reader;
    private readonly Epoch _epoch;
    private readonly UserFaultListener _listener;
    private readonly CancellationTokenSource _gone = new();
    private readonly Task _serving;

    internal ServedEpoch(string path, string socket)
    {
        _reader = CheckpointReader.Open(path);
        _epoch = _reader.OpenEpoch(_reader.Newest!.Value);
        ResumePlan? plan = ReturnedGuest.PlanOf(path, _epoch, ReturnedGuest.Packed);
        _listener = new UserFaultListener(socket);
        _serving = Task.Factory.StartNew(() => Serve(plan), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

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
        try
        {
            using UserFaultMemory memory = _listener.Accept(_gone.Token);
            using var resume = new LazyResume(_epoch, memory, plan);
            ResumeReport report = resume.Run(_gone.Token);
            if (report.Damage is not null || report.DamagedPages.Count > 0)
            {
                throw new CorruptDataException($"Epoch {report.Epoch} has damaged pages: {report.Damage ?? report.DamagedPages[0].ToString()}.");
            }
        }
        catch (OperationCanceledException)
        {
            // It was killed before it came.
        }
    }
}
