namespace PageStore;

/// <summary>Stops and continues a guest, so that an epoch is one moment of it. Not thread-safe: one caller at a time.</summary>
public interface IGuestPause
{
    /// <summary>Stops the guest; when this returns, it writes no memory any more.</summary>
    /// <exception cref="StorageException">The guest could not be stopped; it is running.</exception>
    void Pause();

    /// <summary>Lets a paused guest go on.</summary>
    /// <exception cref="StorageException">The guest could not be continued.</exception>
    void Resume();
}
