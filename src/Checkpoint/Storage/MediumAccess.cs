using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Checkpoint;

/// <summary>What the framework does not offer of a file's medium: holes, syncs that tell of errors, and reads past the page cache. Linux only; elsewhere it says no.</summary>
internal static unsafe partial class MediumAccess
{
    /// <summary>FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE of linux/falloc.h.</summary>
    private const int KeepSizePunchHole = 0x01 | 0x02;

    /// <summary>POSIX_FADV_DONTNEED of linux/fadvise.h.</summary>
    private const int DontNeed = 4;

    private const int ReadOnly = 0;
    private const int Interrupted = 4;
    private const int InvalidArgument = 22;
    private const int NotSupported = 95;

    /// <summary>O_DIRECT wants places, lengths and memory in whole logical blocks; no medium in use has larger ones.</summary>
    private const int Alignment = 4096;

    /// <summary>Bytes read at once: the size from which direct reads reach what a disk can do.</summary>
    private const int DirectChunk = 1 << 20;

    /// <summary>O_CLOEXEC of asm-generic/fcntl.h.</summary>
    private const int CloseOnExec = 0x80000;

    /// <summary>O_DIRECT: asm-generic/fcntl.h, and its own number on Arm.</summary>
    private static int Direct => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x10000 : 0x4000;

    /// <summary>Makes a hole; false where the file system has none.</summary>
    /// <exception cref="IOException">The medium failed; <see cref="Exception.HResult"/> is the errno.</exception>
    public static bool TryPunch(SafeFileHandle file, long offset, long length)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        int errno;
        do
        {
            errno = Allocate(file, KeepSizePunchHole, offset, length) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (errno == Interrupted);

        return errno is 0 or NotSupported ? errno == 0 : throw Failure(errno);
    }

    /// <summary>
    /// fsync(2). Not the framework's RandomAccess.FlushToDisk: the SystemNative_FSync under it returns 1 where fsync fails, and only
    /// what is below 0 counts as a failure there, so no error ever comes through (found in .NET 10.0.12).
    /// </summary>
    /// <exception cref="IOException">The medium failed; <see cref="Exception.HResult"/> is the errno.</exception>
    public static void Sync(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
            return;
        }

        int errno;
        do
        {
            errno = SyncFile(file) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (errno == Interrupted);

        if (errno != 0)
        {
            throw Failure(errno);
        }
    }

    /// <summary>Reads past the page cache; false where the file system cannot.</summary>
    /// <exception cref="IOException">The medium failed.</exception>
    public static bool TryReadDirect(SafeFileHandle file, long offset, Span<byte> destination)
    {
        using SafeFileHandle? direct = TryOpenDirect(file);
        if (direct is null)
        {
            return false;
        }

        byte* buffer = (byte*)NativeMemory.AlignedAlloc(DirectChunk, Alignment);
        try
        {
            return TryReadChunks(direct, offset, destination, new Span<byte>(buffer, DirectChunk));
        }
        finally
        {
            NativeMemory.AlignedFree(buffer);
        }
    }

    /// <summary>Lets go of what the page cache holds of a range, as far as it is clean.</summary>
    public static void ForgetCached(SafeFileHandle file, long offset, long length)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Advise(file, offset, length, DontNeed);
        }
    }

    private static SafeFileHandle? TryOpenDirect(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        // By the descriptor, since the name may belong to another file by now.
        int descriptor = Open($"/proc/self/fd/{file.DangerousGetHandle()}", ReadOnly | CloseOnExec | Direct);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static bool TryReadChunks(SafeFileHandle direct, long offset, Span<byte> destination, Span<byte> buffer)
    {
        while (!destination.IsEmpty)
        {
            long start = offset & ~(Alignment - 1L);
            int skip = (int)(offset - start);
            int wanted = Math.Min(buffer.Length, (skip + destination.Length + Alignment - 1) & ~(Alignment - 1));
            int read = TryReadChunk(direct, buffer[..wanted], start) - skip;
            if (read <= 0)
            {
                // The end of the file, or a file system that accepts the flag and not the read: the cached read tells which.
                return false;
            }

            int count = Math.Min(read, destination.Length);
            buffer.Slice(skip, count).CopyTo(destination);
            destination = destination[count..];
            offset += count;
        }

        return true;
    }

    private static int TryReadChunk(SafeFileHandle direct, Span<byte> buffer, long offset)
    {
        try
        {
            return RandomAccess.Read(direct, buffer, offset);
        }
        catch (IOException cause) when (cause.HResult == InvalidArgument)
        {
            return 0;
        }
    }

    private static IOException Failure(int errno) => new(new Win32Exception(errno).Message, errno);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFile(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
