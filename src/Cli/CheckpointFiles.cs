using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>How every command opens the checkpoint file that it reads.</summary>
internal static class CheckpointFiles
{
    /// <summary>
    /// Opens a file for reading, through a mapping where this host has the guard that survives a truncated file, by position elsewhere:
    /// whatever is wrong with the file must be a message, not the end of the process.
    /// </summary>
    /// <param name="path">Where it is.</param>
    /// <param name="key">Its key; null for a plain file.</param>
    /// <param name="expectedRoot">The root hash that it must have; null takes any.</param>
    /// <exception cref="PageStoreException">As <see cref="CheckpointReader.Open(string, CheckpointReaderOptions?)"/>.</exception>
    public static CheckpointReader OpenReader(string path, CheckpointKey? key = null, string? expectedRoot = null) =>
        CheckpointReader.Open(path, new CheckpointReaderOptions { Guard = Guard(), Key = key, ExpectedRoot = expectedRoot });

    private static GuardedCopy? Guard()
    {
        try
        {
            return GuardedCopy.Install();
        }
        catch (PageStoreException)
        {
            // Another system, or a package without the shim for this processor.
            return null;
        }
    }
}
