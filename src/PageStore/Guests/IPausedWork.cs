namespace PageStore;

/// <summary>
/// Something that is done while a guest stands still for an epoch, and of which the epoch keeps something: a snapshot of its disk, or what only a stopped
/// guest can be asked. Not thread-safe: one epoch at a time.
/// </summary>
public interface IPausedWork
{
    /// <summary>
    /// Begins the work, as soon as the guest stands still. What this does before it returns comes before the copy of memory; what the task stands for runs beside it. The guest
    /// goes on when both have ended.
    /// </summary>
    /// <param name="epoch">The number that the epoch will have.</param>
    /// <param name="abandoned">Cancelled when the epoch came to nothing: the work need not be ended, and the guest does not wait for it.</param>
    /// <returns>A task that ends when the guest may go on. If it fails, there is no epoch; its pages are taken by the next one.</returns>
    Task RunAsync(EpochId epoch, CancellationToken abandoned);

    /// <summary>What the epoch is to keep of it. Called once behind the running guest, before the epoch is committed; nobody but the commit waits for it.</summary>
    /// <returns>State sections, by names that no other section of the epoch has.</returns>
    IEnumerable<(string Name, ReadOnlyMemory<byte> Content)> TakeStates();
}
