namespace PageStore;

/// <summary>
/// Stops a guest with its help: it brings its drivers to rest and suspends itself, as for a save or a migration, so that its memory and the
/// state that <see cref="ReadState"/> gives are a guest that can run again. Not thread-safe: one caller at a time.
/// </summary>
public interface IGuestSuspend : IGuestPause
{
    /// <summary>The state of devices and processors, between <see cref="IGuestPause.Pause"/> and <see cref="IGuestPause.Resume"/>.</summary>
    /// <returns>Sections as the epoch is to keep them.</returns>
    /// <exception cref="StorageException">The state could not be read; the guest is suspended still.</exception>
    IReadOnlyList<GuestStateSection> ReadState();
}
