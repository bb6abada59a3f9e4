using PageStore.Native;

namespace PageStore.Cli;

/// <summary>A machine with its memory. Whoever makes it disposes it, which ends the guest.</summary>
internal sealed class LiveGuest : IDisposable
{
    /// <summary>How often somebody looks whether the guest is where it should be: often beside what is waited for, seldom beside what it costs.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    /// <summary>Makes a machine that has no program and no state yet.</summary>
    public LiveGuest(long memoryBytes)
    {
        Memory = MemoryRegion.CreateShared(memoryBytes);
        Machine = new KvmMachine(Memory);
    }

    public MemoryRegion Memory { get; }

    public KvmMachine Machine { get; }

    /// <summary>Waits until the guest, which runs, has filled its memory and works.</summary>
    /// <exception cref="CorruptDataException">It has stopped.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public void WaitUntilReady(CancellationToken cancellation)
    {
        while (Machine.Status.Reports == 0)
        {
            ThrowIfStopped();
            cancellation.WaitHandle.WaitOne(Glance);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Has the guest, which runs, look through all of its memory, and end.</summary>
    /// <exception cref="CorruptDataException">It found something damaged, or stopped for another reason.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public void CheckAndEnd(CancellationToken cancellation)
    {
        Machine.SetInput(GuestWorkload.RequestEnd | 1);
        while (Machine.Wait(Glance).State == KvmState.Running)
        {
            cancellation.ThrowIfCancellationRequested();
        }

        if (Machine.Status is not { Reason: KvmStopReason.Ended, Code: 0 })
        {
            ThrowIfStopped();
        }
    }

    /// <summary>Fails for a guest that does not run any more.</summary>
    /// <exception cref="CorruptDataException">It has stopped.</exception>
    public void ThrowIfStopped()
    {
        KvmStatus status = Machine.Status;
        if (status.State == KvmState.Stopped)
        {
            // Its page of state is there, since it wrote it; and it is read past the guest's own mapping.
            string what = status.Reason == KvmStopReason.Ended
                ? $"{GuestWorkload.Describe(status.Code)}, at 0x{GuestWorkload.StateOf(Memory).FailedAt:x}"
                : status.ToString();
            throw new CorruptDataException($"The guest did not go on: {what}.");
        }
    }

    public void Dispose()
    {
        Machine.Dispose();
        Memory.Dispose();
    }
}
