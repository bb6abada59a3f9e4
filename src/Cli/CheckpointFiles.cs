using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>How commands open checkpoint files.</summary>
internal static class CheckpointFiles
{
    /// <summary>
    /// Opens a file for reading, through a mapping where this host has the guard that survives a truncated file, by position elsewhere:
    /// whatever is wrong with the file must be a message, not the end of the process.
    /// </summary>
    /// <param name="path">Where it is.</param>
    /// <param name="key">Its key; null for a plain file.</param>
    /// <param name="expectedRoot">The root hash that it must have; null takes any.</param>
    /// <param name="store">The folder of the store that has its blocks; null stands for the one that it lies in.</param>
    /// <exception cref="PageStoreException">As <see cref="CheckpointReader.Open(string, CheckpointReaderOptions?)"/>.</exception>
    public static CheckpointReader OpenReader(string path, CheckpointKey? key = null, string? expectedRoot = null, string? store = null) =>
        CheckpointReader.Open(path, new CheckpointReaderOptions { Guard = Guard(), Key = key, ExpectedRoot = expectedRoot, Store = store });

    /// <summary>Opens a file for writing; makes it where it is not there and no root is expected of it.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="form">How new pages are stored.</param>
    /// <param name="access">Its key and the root that it must have.</param>
    /// <param name="created">Whether this call made it: whoever then writes no epoch removes it again.</param>
    /// <exception cref="PageStoreException">As <see cref="CheckpointWriter.OpenOrCreate"/>.</exception>
    public static CheckpointWriter OpenOrCreate(string path, PageForm form, CheckpointAccess access, out bool created) =>
        CheckpointWriter.OpenOrCreate(path, new CheckpointWriterOptions { Codec = form.Codec, Sharing = form.Sharing, Key = access.Key, ExpectedRoot = access.ExpectedRoot }, out created);

    /// <summary>Drops all but the newest epochs behind a commit; null keeps all.</summary>
    public static void KeepLast(CheckpointWriter writer, int? keep)
    {
        if (keep is { } last)
        {
            // What this frees the next epochs use; to give it back to the file system each time would only cost time.
            writer.Prune(new PrunePolicy { KeepLast = last, ReturnSpace = false });
        }
    }

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
