using Microsoft.Win32.SafeHandles;

namespace PageStore.Native.Tests;

/// <summary>How a guest touches a page.</summary>
public enum AccessKind
{
    Read,
    Write,
    ReadThenWrite,
}

/// <summary>A guest that touches its memory and remembers what it did: the naive oracle of W and R for one interval.</summary>
internal sealed class Guest
{
    private readonly int _pageSize = Environment.SystemPageSize;
    private readonly MemoryRegion _region;
    private readonly HashSet<long> _touched = [];

    internal Guest(MemoryRegion region) => _region = region;

    internal long PageCount => _region.PageCount;

    internal HashSet<long> Written { get; } = [];

    /// <summary>Touched and not written.</summary>
    internal HashSet<long> Read => [.. _touched.Except(Written)];

    /// <summary>The pages of a bitmap.</summary>
    internal static HashSet<long> PagesIn(PageBitmap bitmap)
    {
        var pages = new HashSet<long>();
        foreach (Pfn page in bitmap.SetBits())
        {
            pages.Add(page.Value);
        }

        return pages;
    }

    /// <summary>Touches <paramref name="count"/> pages from <paramref name="first"/> on, as far as there are any.</summary>
    internal void Access(long first, long count, AccessKind kind)
    {
        for (long page = first; page < Math.Min(first + count, _region.PageCount); page++)
        {
            ref byte inPage = ref _region.GetPage(new Pfn(page))[(int)(page * 61 % _pageSize)];
            byte before = 1;
            if (kind != AccessKind.Write)
            {
                before = Volatile.Read(ref inPage);
            }

            if (kind != AccessKind.Read)
            {
                Volatile.Write(ref inPage, (byte)(before + 1));
                Written.Add(page);
            }

            _touched.Add(page);
        }
    }

    /// <summary>Has read(2) write into a page.</summary>
    internal void WriteFromKernel(long page)
    {
        using SafeFileHandle zero = File.OpenHandle("/dev/zero");
        Assert.Equal(16, RandomAccess.Read(zero, _region.GetPage(new Pfn(page))[..16], 0));
        Written.Add(page);
        _touched.Add(page);
    }
}
