using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Checkpoint;

/// <summary>
/// Asks the kernel to begin to write back what was just written, while the next pages are classified and summed; left alone, it
/// would begin at the sync of the commit. A hint: it makes nothing durable, so its result does not matter.
/// </summary>
internal static partial class EarlyWriteback
{
    /// <summary>SYNC_FILE_RANGE_WRITE of linux/fs.h: begin to write back dirty pages that are not being written back already.</summary>
    private const uint BeginWrite = 2;

    /// <summary>Begins to write back a range.</summary>
    public static void Begin(SafeFileHandle file, long offset, long length)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = SyncFileRange(file, offset, length, BeginWrite);
        }
    }

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);
}
