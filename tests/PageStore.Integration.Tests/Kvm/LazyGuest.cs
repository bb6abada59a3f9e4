using PageStore.Checkpoint;
using PageStore.Native;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>A KVM machine with the guest of the demo at an epoch, none of whose memory is there: this process serves its page faults itself.</summary>
internal sealed class LazyGuest : IDisposable
{
    private readonly UserFaultMemory _memory;
    private readonly LazyResume _resume;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task<ResumeReport> _running;

    internal LazyGuest(Epoch epoch, ResumePlan? plan, LazyResumeOptions options)
    {
        Guest = WorkingGuest.RestoreState(epoch);
        _memory = UserFaultMemory.Register(Guest.Memory);
        _resume = new LazyResume(epoch, _memory, plan, options);

        // A thread of its own: the pool's may all wait for the guest.
        _running = Task.Factory.StartNew(() => _resume.Run(_stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.True(SpinWait.SpinUntil(() => _resume.Progress.Ready || _running.IsCompleted, TimeSpan.FromSeconds(60)), "the plan is not loaded");
    }

    internal WorkingGuest Guest { get; }

    internal ResumeProgress Progress => _resume.Progress;

    /// <summary>Waits until all is there.</summary>
    internal ResumeReport WaitUntilComplete()
    {
        Assert.True(_running.Wait(TimeSpan.FromSeconds(120)), "the resume does not end");
        return _running.Result;
    }

    /// <summary>Ends it, complete or not.</summary>
    internal ResumeReport Stop()
    {
        _stop.Cancel();
        return WaitUntilComplete();
    }

    internal ResumeRecord TakeRecord() => _resume.TakeRecord();

    public void Dispose()
    {
        Guest.Dispose();
        _stop.Cancel();
        try
        {
            _running.Wait();
        }
        catch (AggregateException)
        {
            // Whoever wanted its result has had it.
        }

        _resume.Dispose();
        _memory.Dispose();
        _stop.Dispose();
    }
}
