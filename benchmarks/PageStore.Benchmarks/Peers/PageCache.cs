using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Benchmarks;

/// <summary>What the kernel keeps of a file.</summary>
internal static partial class PageCache
{
    /// <summary>POSIX_FADV_DONTNEED of linux/fadvise.h.</summary>
    private const int DontNeed = 4;

    /// <summary>For a read: a megabyte, which a disk delivers in one go.</summary>
    private const int FillBytes = 1 << 20;

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

    /// <summary>Makes the kernel hold a file, as far as there is room.</summary>
    public static void Fill(string path)
    {
        byte[] buffer = new byte[FillBytes];
        using SafeFileHandle file = File.OpenHandle(path);
        for (long at = 0, count; (count = RandomAccess.Read(file, buffer, at)) > 0;)
        {
            at += count;
        }
    }

    /// <summary>How many bytes of a file the kernel holds.</summary>
    public static unsafe long Resident(string path)
    {
        using var map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        using MemoryMappedViewAccessor view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte[] pages = new byte[(new FileInfo(path).Length + Environment.SystemPageSize - 1) / Environment.SystemPageSize];
        byte* address = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref address);
        try
        {
            if (Ask((nint)address, pages.Length * (nint)Environment.SystemPageSize, pages) != 0)
            {
                throw new InvalidOperationException("mincore fails.");
            }
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        // The lowest bit says it, mincore(2).
        return pages.Count(page => (page & 1) != 0) * (long)Environment.SystemPageSize;
    }

    [LibraryImport("libc", EntryPoint = "mincore")]
    private static partial int Ask(nint address, nint length, [Out] byte[] pages);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);
}
