using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>
/// Compares, before a capture, what a whole image may take with what the file system has: a capture that a full disk ends loses nothing, but its
/// operator finds no epoch where one was hoped for.
/// </summary>
internal static class SpaceCheck
{
    /// <summary>An entry of the page table (docs/format.md) and its share of the nodes above it.</summary>
    private const int IndexBytes = 17;

    /// <summary>What encryption adds to a block (docs/format.md, "Sealed blocks").</summary>
    private const int SealBytes = 32;

    /// <summary>The most that an image of so many present pages takes: none of them zero, none compressible.</summary>
    public static long MostBytes(long pages, bool isEncrypted) => pages * (PageSizes.Default + IndexBytes + (isEncrypted ? SealBytes : 0));

    /// <summary>
    /// Refuses to begin where a whole image of the guest may not fit. Not where the newest epoch is this guest's: the first epoch then holds what differs, which nobody can know beforehand.
    /// Epochs that are dropped give their space to those behind the first one, and free segments of the file are not used by it either, so neither counts.
    /// </summary>
    /// <exception cref="StorageException">The space does not suffice; the message says how much is missing.</exception>
    public static void ThrowIfTooSmall(CheckpointWriter writer, XenDomain domain, string file, bool isEncrypted)
    {
        if (writer.Newest is { } newest && GuestOf(writer, newest) == domain.Uuid)
        {
            return;
        }

        long most = MostBytes(domain.GetState().AllocatedPages, isEncrypted);
        long free = new DriveInfo(Path.GetFullPath(file)).AvailableFreeSpace;
        if (most > free)
        {
            throw new StorageException($"A whole image of domain {domain.Id} may take {ByteSize.Format(most)}, and the file system of {file} has {ByteSize.Format(free)} left: {ByteSize.Format(most - free)} are missing. "
                + "Make room or write elsewhere; or begin all the same with --no-space-check, for zero pages take nothing and --compression lz4 packs the others.");
        }
    }

    private static Guid GuestOf(CheckpointWriter writer, EpochId id)
    {
        using Epoch epoch = writer.OpenEpoch(id);
        return epoch.Info.GuestId;
    }
}
