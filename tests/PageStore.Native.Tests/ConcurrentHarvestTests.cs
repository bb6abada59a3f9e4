namespace PageStore.Native.Tests;

/// <summary>Harvests while a guest writes: what the log never reports must never have been written.</summary>
public sealed class ConcurrentHarvestTests
{
    private const long RegionBytes = 96 << 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Each_page_written_once_is_reported_in_some_round(bool accesses)
    {
        using MemoryRegion region = MemoryRegion.CreateShared(RegionBytes);
        using IDirtyLog log = accesses ? new LinuxAccessLog(region) : new LinuxDirtyLog(region);
        using var all = new PageBitmap(log.PageCount);
        log.Start();
        Task writer = Task.Run(
            () =>
            {
                // An odd stride visits every page of a power of two times three once.
                for (long i = 0, page = 0; i < region.PageCount; i++, page = (page + 7919) % region.PageCount)
                {
                    region.GetPage(new Pfn(page))[0] = 1;
                }
            },
            TestContext.Current.CancellationToken);

        HarvestUntilDone(log, writer, all);
        await writer;

        Assert.Equal(region.PageCount, all.Count());
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_copy_kept_up_by_the_log_alone_equals_the_guest(bool accesses, bool isPrivate)
    {
        using MemoryRegion region = isPrivate ? MemoryRegion.CreatePrivate(RegionBytes) : MemoryRegion.CreateShared(RegionBytes);
        using IDirtyLog log = accesses ? new LinuxAccessLog(region) : new LinuxDirtyLog(region);
        byte[] copy = new byte[RegionBytes];
        log.Start();
        Task writer = Task.Run(() => WriteAtRandom(region), TestContext.Current.CancellationToken);
        while (!writer.IsCompleted)
        {
            CopyWritten(region, log, copy);
        }

        await writer;
        CopyWritten(region, log, copy);

        byte[] now = new byte[RegionBytes];
        region.CopyPages(new Pfn(0), now, new GuestPageType[region.PageCount]);
        Assert.True(now.AsSpan().SequenceEqual(copy), $"The copy differs from byte {now.AsSpan().CommonPrefixLength(copy)} on.");
    }

    private static void WriteAtRandom(MemoryRegion region)
    {
        // Runs over whole page tables among single pages: both ways an entry can vanish between two steps of a harvest.
        var random = new Random(17);
        for (int i = 0; i < 60_000; i++)
        {
            if (i % 3000 == 0)
            {
                long table = random.NextInt64(region.Length >> 21) << 21;
                region.GetSpan(table, 1 << 21).Fill((byte)i);
            }

            BitConverter.TryWriteBytes(region.GetPage(new Pfn(random.NextInt64(region.PageCount))), i);
        }
    }

    private static void HarvestUntilDone(IDirtyLog log, Task writer, PageBitmap all)
    {
        bool last;
        do
        {
            last = writer.IsCompleted;
            Harvest(log, all);
        }
        while (!last);
    }

    private static void CopyWritten(MemoryRegion region, IDirtyLog log, byte[] copy)
    {
        using var written = new PageBitmap(log.PageCount);
        Harvest(log, written);
        GuestPageType[] type = new GuestPageType[1];
        foreach (Pfn page in written.SetBits())
        {
            region.CopyPages(page, copy.AsSpan((int)(page.Value * 4096), 4096), type);
        }
    }

    private static void Harvest(IDirtyLog log, PageBitmap written)
    {
        if (log is IAccessLog accesses)
        {
            using var read = new PageBitmap(log.PageCount);
            accesses.HarvestAccesses(written, read);
        }
        else
        {
            log.Harvest(written);
        }
    }
}
