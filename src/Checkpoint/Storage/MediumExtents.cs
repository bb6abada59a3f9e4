using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Checkpoint;

/// <summary>
/// What lseek(2) tells of a file and the framework does not: how long a block device is, and where a file has holes. Elsewhere than on Linux files have no holes, and devices no length.
/// It moves the position of the descriptor, which who reads and writes by position does not look at.
/// </summary>
internal static partial class MediumExtents
{
    /// <summary>SEEK_END, SEEK_DATA and SEEK_HOLE of linux/fs.h.</summary>
    private const int End = 2;

    private const int Data = 3;
    private const int Hole = 4;

    /// <summary>ENXIO: no data from there on.</summary>
    private const int NoSuchPlace = 6;

    /// <summary>How many bytes a file or a block device has; 0 for what has no length. (The framework asks fstat(2), which has no length for a device.)</summary>
    /// <exception cref="IOException">It has no positions at all, a pipe for instance.</exception>
    public static long LengthOf(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return RandomAccess.GetLength(file);
        }

        long end = Seek(file, 0, End);
        return end >= 0 ? end : throw Failure(Marshal.GetLastPInvokeError());
    }

    /// <summary>The next range that is not known to be a hole. A medium that knows nothing of holes is all data.</summary>
    /// <param name="file">The file or device.</param>
    /// <param name="from">Where to look from.</param>
    /// <param name="length">The length of the file.</param>
    /// <param name="start">Where the range begins.</param>
    /// <param name="end">Where it ends.</param>
    /// <returns>False where nothing but a hole follows.</returns>
    public static bool TryNextData(SafeFileHandle file, long from, long length, out long start, out long end)
    {
        (start, end) = (from, length);
        if (from >= length || !OperatingSystem.IsLinux())
        {
            return from < length;
        }

        long data = Seek(file, from, Data);
        if (data < 0)
        {
            return Marshal.GetLastPInvokeError() != NoSuchPlace;
        }

        long hole = Seek(file, data, Hole);
        (start, end) = (data, hole > data ? Math.Min(hole, length) : length);
        return start < length;
    }

    private static IOException Failure(int errno) => new(new Win32Exception(errno).Message, errno);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int origin);
}
