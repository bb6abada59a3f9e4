using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Checkpoint;

/// <summary>
/// Leases of readers, as locks on the file: who reads the root of sequence n holds a shared lock on the byte 2^62 + n, far behind
/// any data. They are open-file-description locks (fcntl(2), "Open file description locks"): two readers of one process have
/// two, a descriptor closed elsewhere does not drop them, and they end with the process however it ends. Linux only.
/// </summary>
internal static unsafe partial class LeaseLocks
{
    /// <summary>Where the bytes that stand for sequences begin.</summary>
    private const long Base = 1L << 62;

    /// <summary>F_OFD_GETLK and F_OFD_SETLK of asm-generic/fcntl.h.</summary>
    private const int GetLock = 36;
    private const int SetLock = 37;

    /// <summary>F_RDLCK, F_WRLCK and F_UNLCK of asm-generic/fcntl.h.</summary>
    private const short Shared = 0;
    private const short Exclusive = 1;
    private const short Unlock = 2;

    /// <summary>EINTR.</summary>
    private const int Interrupted = 4;

    /// <summary>Whether the host has such locks: since Linux 3.15; the layout below is that of 64-bit processes.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>Takes a lease; false where the file system has no locks.</summary>
    public static bool TryHold(SafeFileHandle file, long sequence) => IsSupported && Control(file, SetLock, Shared, sequence, 1, out _) == 0;

    /// <summary>Gives a lease back.</summary>
    public static void Release(SafeFileHandle file, long sequence)
    {
        if (IsSupported)
        {
            // Nothing to be done about a failure: the lock ends with the descriptor.
            _ = Control(file, SetLock, Unlock, sequence, 1, out _);
        }
    }

    /// <summary>The lowest sequence below <paramref name="limit"/> that another open file description holds; else the limit.</summary>
    /// <exception cref="IOException">The file system has no locks.</exception>
    public static long OldestHeld(SafeFileHandle file, long limit)
    {
        long oldest = limit;
        while (oldest > 0)
        {
            int errno = Control(file, GetLock, Exclusive, 0, oldest, out FileLock found);
            if (errno != 0)
            {
                throw new IOException(new Win32Exception(errno).Message, errno);
            }

            if (found.Type == Unlock)
            {
                break;
            }

            // The kernel names one conflicting lock, not the lowest: look again below it.
            oldest = Math.Max(found.Start - Base, 0);
        }

        return oldest;
    }

    private static int Control(SafeFileHandle file, int command, short type, long sequence, long count, out FileLock found)
    {
        var wanted = new FileLock { Type = type, Start = Base + sequence, Length = count };
        int errno;
        do
        {
            errno = FileControl(file, command, &wanted) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (errno == Interrupted);

        found = wanted;
        return errno;
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(SafeFileHandle file, int command, FileLock* argument);

    /// <summary>struct flock of asm-generic/fcntl.h on 64 bits. Whence 0 is SEEK_SET; the process must be 0 for these locks.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FileLock
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }
}
