namespace PageStore.Native;

/// <summary>
/// Pauses a <see cref="KvmMachine"/> for an epoch. A guest without devices need not take part in it: whenever its processor stands, its
/// memory and its processor's state are a guest that can run again. So each epoch can be a restorable one.
/// Not thread-safe: one caller at a time. The machine stays the caller's to dispose.
/// </summary>
/// <param name="machine">The machine, which runs, or has stopped so that it can go on.</param>
public sealed class KvmPause(KvmMachine machine) : IGuestSuspend
{
    /// <summary>The name of the one section that <see cref="ReadState"/> gives: what <see cref="KvmMachine.SetState"/> takes.</summary>
    public const string StateName = "kvm-vcpu";

    private bool _paused;
    private bool _wasRunning;

    /// <inheritdoc/>
    /// <remarks>A guest that halted or asked for a pause stands already, and stays so when it is resumed.</remarks>
    /// <exception cref="InvalidOperationException">It is paused by this already.</exception>
    /// <exception cref="StorageException">The guest has stopped for good: the last committed epoch is the newest there will be.</exception>
    public void Pause()
    {
        if (_paused)
        {
            throw new InvalidOperationException("The guest is paused already: resume it first.");
        }

        _wasRunning = machine.Status.State == KvmState.Running && TryPause();
        KvmStatus status = machine.Status;
        if (!status.CanContinue)
        {
            throw new StorageException($"Pausing the guest failed: it has {status}. The last committed epoch is the newest there will be.");
        }

        // One that stopped by itself at the same moment waits for its owner.
        _wasRunning &= status.State == KvmState.Standing;
        _paused = true;
    }

    /// <inheritdoc/>
    public IReadOnlyList<GuestStateSection> ReadState() => [new(StateName, machine.GetState())];

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It is not paused by this.</exception>
    public void Resume()
    {
        if (!_paused)
        {
            throw new InvalidOperationException("The guest is not paused: pause it first.");
        }

        _paused = false;
        if (_wasRunning)
        {
            machine.Run();
        }
    }

    /// <summary>False if the guest stopped by itself between the question whether it runs and this.</summary>
    private bool TryPause()
    {
        try
        {
            machine.Pause();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
