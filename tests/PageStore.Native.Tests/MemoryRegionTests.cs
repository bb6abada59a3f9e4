using FsCheck.Xunit;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Native.Tests;

/// <summary>The guest's memory: its bounds, its size beyond a span, and what copying it does not do.</summary>
public sealed class MemoryRegionTests
{
    public static TheoryData<bool> Kinds => [false, true];

    [Theory]
    [InlineData(0)]
    [InlineData(-4096)]
    [InlineData(4095)]
    [InlineData(4097)]
    [InlineData(long.MinValue)]
    public void A_size_that_is_no_number_of_pages_is_refused(long length)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => MemoryRegion.CreatePrivate(length));
        Assert.Throws<ArgumentOutOfRangeException>(() => MemoryRegion.CreateShared(length));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_size_no_address_space_holds_is_a_storage_error(bool shared)
    {
        StorageException e = Assert.Throws<StorageException>(() => Create(shared, 1L << 60));
        Assert.NotEqual(0, e.Errno);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Memory_beyond_two_gibibytes_is_reached_by_windows(bool shared)
    {
        using MemoryRegion region = Create(shared, 5L << 30);
        Assert.Equal(5L << 18, region.PageCount);
        region.GetSpan((5L << 30) - 1, 1)[0] = 42;
        region.GetSpan(3L << 30, int.MaxValue)[4096] = 43;
        byte[] pages = new byte[2 * 4096];
        GuestPageType[] types = [GuestPageType.Absent, GuestPageType.Absent];

        region.CopyPages(new Pfn((5L << 18) - 2), pages, types);
        Assert.Equal(42, pages[^1]);
        Assert.All(types, type => Assert.Equal(GuestPageType.Normal, type));
        region.CopyPages(new Pfn(3L << 18), pages, types);
        Assert.Equal(43, pages[4096]);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Copies_and_windows_outside_the_memory_are_refused(bool shared)
    {
        using MemoryRegion region = Create(shared, 4 * 4096);
        byte[] bytes = new byte[5 * 4096];
        GuestPageType[] types = new GuestPageType[5];
        Assert.Throws<ArgumentOutOfRangeException>(() => region.CopyPages(new Pfn(0), bytes, types));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.CopyPages(new Pfn(-1), bytes.AsSpan(0, 4096), types.AsSpan(0, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.CopyPages(new Pfn(4), bytes.AsSpan(0, 4096), types.AsSpan(0, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.CopyPages(new Pfn(0), bytes.AsSpan(0, 4097), types.AsSpan(0, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.CopyPages(new Pfn(0), bytes.AsSpan(0, 4095), types.AsSpan(0, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.GetSpan(0, (4 * 4096) + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.GetSpan(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.GetSpan(long.MaxValue, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.GetSpan(1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.GetPage(new Pfn(4)));
        Assert.Throws<ArgumentOutOfRangeException>(() => region.GetPage(new Pfn(-1)));
        region.CopyPages(new Pfn(4), [], []);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Nothing_works_after_a_second_dispose(bool shared)
    {
        MemoryRegion region = Create(shared, 4096);
        region.Dispose();
        region.Dispose();
        Assert.Throws<ObjectDisposedException>(() => region.GetSpan(0, 1));
        Assert.Throws<ObjectDisposedException>(() => region.CopyPages(new Pfn(0), new byte[4096], new GuestPageType[1]));
    }

    [Fact]
    public void Shared_memory_is_one_memory_wherever_it_is_mapped_and_keeps_its_size()
    {
        using MemoryRegion region = MemoryRegion.CreateShared(8 * 4096);
        region.GetPage(new Pfn(5))[7] = 99;
        SafeFileHandle file = region.File!;
        byte[] one = new byte[1];
        Assert.Equal(1, RandomAccess.Read(file, one, (5 * 4096) + 7));
        Assert.Equal(99, one[0]);
        RandomAccess.Write(file, [55], 3 * 4096);
        Assert.Equal(55, region.GetPage(new Pfn(3))[0]);

        Assert.ThrowsAny<Exception>(() => RandomAccess.SetLength(file, 4096));
        Assert.ThrowsAny<Exception>(() => RandomAccess.SetLength(file, 9 * 4096));
        Assert.Equal(8 * 4096, RandomAccess.GetLength(file));
    }

    [Fact]
    public void Copying_a_shared_regions_holes_does_not_fill_them()
    {
        using MemoryRegion region = MemoryRegion.CreateShared(1 << 20);
        byte[] copy = new byte[1 << 20];
        copy.AsSpan().Fill(1);

        region.CopyPages(new Pfn(0), copy, new GuestPageType[256]);

        int file = (int)region.File!.DangerousGetHandle();
        Assert.Equal(-1, copy.AsSpan().IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, Libc.lseek(file, 0, Libc.SeekData));

        region.GetPage(new Pfn(3))[0] = 1;
        for (long page = 255; page >= 0; page--)
        {
            region.CopyPages(new Pfn(page), copy.AsSpan(0, 4096), new GuestPageType[1]);
        }

        region.CopyPages(new Pfn(0), copy, new GuestPageType[256]);
        region.CopyPages(new Pfn(4), copy.AsSpan(0, 4096), new GuestPageType[1]);
        Assert.Equal(3 * 4096, Libc.lseek(file, 0, Libc.SeekData));
        Assert.Equal(-1, Libc.lseek(file, 4 * 4096, Libc.SeekData));
    }

    [Property(MaxTest = 60)]
    public void A_copy_equals_the_memory_whatever_mixture_of_holes_it_has(ushort[] written, ushort first, ushort count)
    {
        const int Pages = 1000;
        using MemoryRegion region = MemoryRegion.CreateShared(Pages * 4096);
        byte[] expected = new byte[Pages * 4096];
        byte[] copy = new byte[Pages * 4096];
        int from = first % Pages;
        int pages = count % (Pages - from);

        // Twice, so that pages which the first copy found missing are there at the second.
        foreach (ushort[] part in (ushort[][])[written[..(written.Length / 2)], written[(written.Length / 2)..]])
        {
            foreach (ushort page in part)
            {
                region.GetPage(new Pfn(page % Pages)).Fill((byte)(1 + (page % 255)));
                expected.AsSpan(page % Pages * 4096, 4096).Fill((byte)(1 + (page % 255)));
            }

            copy.AsSpan().Fill(0xEE);
            region.CopyPages(new Pfn(from), copy.AsSpan(0, pages * 4096), new GuestPageType[pages]);
            Assert.True(copy.AsSpan(0, pages * 4096).SequenceEqual(expected.AsSpan(from * 4096, pages * 4096)));
            Assert.Equal(-1, copy.AsSpan(pages * 4096).IndexOfAnyExcept((byte)0xEE));
        }
    }

    [Fact]
    public void A_page_punched_out_after_a_copy_reads_as_zeros()
    {
        using MemoryRegion region = MemoryRegion.CreateShared(16 * 4096);
        byte[] copy = new byte[4096];
        region.GetPage(new Pfn(3)).Fill(9);
        region.CopyPages(new Pfn(3), copy, new GuestPageType[1]);
        Assert.Equal(9, copy[4095]);

        Libc.Check(Libc.fallocate((int)region.File!.DangerousGetHandle(), Libc.PunchHoleKeepSize, 3 * 4096, 4096), "fallocate");
        region.CopyPages(new Pfn(3), copy, new GuestPageType[1]);

        Assert.Equal(-1, copy.AsSpan().IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Copying_allocates_nothing(bool shared)
    {
        using MemoryRegion region = Create(shared, 512 * 4096);
        byte[] copy = new byte[512 * 4096];
        GuestPageType[] types = new GuestPageType[512];
        region.GetPage(new Pfn(3)).Fill(9);
        region.CopyPages(new Pfn(0), copy, types);
        long before = GC.GetAllocatedBytesForCurrentThread();
        region.CopyPages(new Pfn(0), copy, types);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Private_memory_has_no_file()
    {
        using MemoryRegion region = MemoryRegion.CreatePrivate(4096);
        Assert.False(region.IsShared);
        Assert.Null(region.File);
    }

    private static MemoryRegion Create(bool shared, long length) =>
        shared ? MemoryRegion.CreateShared(length) : MemoryRegion.CreatePrivate(length);
}
