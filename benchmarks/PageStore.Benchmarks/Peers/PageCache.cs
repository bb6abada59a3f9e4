using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Benchmarks;

/// <summary>What the kernel keeps of a file.</summary>
internal static partial class PageCache
{
    /// <summary>POSIX_FADV_DONTNEED of linux/fadvise.h.</summary>
    private const int DontNeed = 4;

    /// <summary>Makes the kernel forget a file, so that the next read comes from the medium. Nobody must have it mapped.</summary>
    public static void Drop(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(file);
        int error = Advise(file, 0, 0, DontNeed);
        if (error != 0)
        {
            throw new InvalidOperationException($"posix_fadvise says {error}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);
}
