using PageStore.Native;

namespace PageStore.Cli;

/// <summary>A machine with its memory. Whoever makes it disposes it, which ends the guest.</summary>
internal sealed class LiveGuest : IDisposable
{
    /// <summary>How often somebody looks whether the guest is where it should be: often beside what is waited for, seldom beside what it costs.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    private UserFaultOffer? _offer;

    /// <summary>Makes a machine that has no program and no state yet.</summary>
    public LiveGuest(long memoryBytes)
        : this(MemoryRegion.CreateShared(memoryBytes))
    {
    }

    /// <summary>Makes a machine that has no state yet, over memory that is its own from now on.</summary>
    public LiveGuest(MemoryRegion memory)
    {
        Memory = memory;
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

    /// <summary>Has a server bring its memory. Nobody but the guest may look into it from then on.</summary>
    /// <param name="socket">Where it listens.</param>
    /// <param name="onWhole">Called when all of it is there, and the server has not ended yet.</param>
    /// <exception cref="UnsupportedException">The host has no userfaultfd for a machine.</exception>
    /// <exception cref="StorageException">Nobody listens there.</exception>
    public void Offer(string socket, Action onWhole)
    {
        _offer = UserFaultOffer.Connect(Memory, socket);
        _offer.Complete.ContinueWith(_ => onWhole(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }

    /// <summary>Waits until the server, if there is one, says that the guest may run.</summary>
    /// <exception cref="StorageException">The server has gone.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public void WaitUntilServed(CancellationToken cancellation) => _offer?.Ready.WaitAsync(cancellation).GetAwaiter().GetResult();

    /// <summary>Has the guest, which runs, look through all of its memory, and end.</summary>
    /// <exception cref="CorruptDataException">It found something damaged, or stopped for another reason.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public void CheckAndEnd(CancellationToken cancellation)
    {
        Machine.SetInput(GuestWorkload.RequestEnd | 1);
        while (Machine.Wait(Glance).State == KvmState.Running)
        {
            cancellation.ThrowIfCancellationRequested();
            ThrowIfStopped();
        }

        ThrowIfStopped();
    }

    /// <summary>Fails for a guest that does not run any more, or that nobody brings its pages any more.</summary>
    /// <exception cref="CorruptDataException">It has stopped.</exception>
    /// <exception cref="StorageException">The server has gone, and pages are missing.</exception>
    public void ThrowIfStopped()
    {
        if (_offer?.Complete is { IsFaulted: true } lost)
        {
            lost.GetAwaiter().GetResult();
        }

        KvmStatus status = Machine.Status;
        if (status is { State: KvmState.Stopped } and not { Reason: KvmStopReason.Ended, Code: 0 })
        {
            string where = Memory.IsWhole ? $", at 0x{GuestWorkload.StateOf(Memory).FailedAt:x}" : string.Empty;
            string what = status.Reason == KvmStopReason.Ended ? GuestWorkload.Describe(status.Code) + where : status.ToString();
            throw new CorruptDataException($"The guest did not go on: {what}.");
        }
    }

    public void Dispose()
    {
        Machine.Dispose();
        _offer?.Dispose();
        Memory.Dispose();
    }
}
