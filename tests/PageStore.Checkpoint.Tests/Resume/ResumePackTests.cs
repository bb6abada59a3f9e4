using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Packs of files that the tests write for them; packs of any history are in <see cref="HistoryTests"/> and wherever else histories are.</summary>
public sealed class ResumePackTests
{
    private const int PageSize = 4096;

    [Theory]
    [InlineData(1 << 16, false, false)]
    [InlineData(1 << 20, true, false)]
    [InlineData(4 << 20, false, false)]
    [InlineData(1 << 22, true, true)]
    public void A_pack_of_many_windows_and_segments_reads_in_the_order_of_its_plan_in_batches_of_any_size(int segmentSize, bool lz4, bool encrypted)
    {
        byte[] image = Image(6000, 5);
        Pfn[] plan = Shuffled(6000, 5000);
        MemoryFile file = Write(image, plan, new History { SegmentSize = segmentSize, Lz4 = lz4, Encrypted = encrypted });

        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file), new CheckpointReaderOptions { Key = TestKeys.Of(file.ToArray()) });
        using Epoch epoch = reader.OpenNewest();
        foreach (int batch in new[] { 1, 100, 4000 })
        {
            ResumePack pack = epoch.OpenPack()!;
            AssertReads(pack, image, plan, batch);
            Assert.Equal(0, pack.PagesReplaced);
            Assert.Null(pack.Damage);
        }

        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void A_pack_is_read_by_few_large_reads_one_behind_the_other()
    {
        Pfn[] plan = Shuffled(3000, 2500);
        MemoryFile file = Write(Image(3000, 1, onlyData: true), plan, new History { SegmentSize = 4 << 20 });
        var storage = new CountingStorage(new MemoryStorage(file));
        using CheckpointReader reader = CheckpointReader.Open(storage);
        using Epoch epoch = reader.OpenNewest();
        ResumePack pack = epoch.OpenPack()!;
        storage.Reads.Clear();
        byte[] buffer = new byte[plan.Length * PageSize];
        Assert.Equal(plan.Length, pack.ReadNext(buffer, new Pfn[plan.Length], new PageClass[plan.Length]));

        // 10 MiB in pieces of 1 MiB, and the plan of 60 000 bytes, which is one chunk.
        Assert.Equal(plan.Length * PageSize, pack.Bytes);
        long[] large = [.. storage.Reads.Where(read => read.Length > 1 << 16).Select(read => read.Offset)];
        Assert.Equal(10, large.Length);
        Assert.Equal(large.Order(), large);
        Assert.InRange(storage.Reads.Count, large.Length + 1, large.Length + 1);
    }

    [Fact]
    public void Reading_allocates_nothing_per_page()
    {
        Pfn[] plan = Shuffled(2000, 2000);
        MemoryFile file = Write(Image(2000, 2), plan, new History { SegmentSize = 4 << 20, Lz4 = true });
        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file));
        using Epoch epoch = reader.OpenNewest();
        ResumePack pack = epoch.OpenPack()!;
        byte[] buffer = new byte[100 * PageSize];
        var pages = new Pfn[100];
        var classes = new PageClass[100];
        pack.ReadNext(buffer, pages, classes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        while (pack.ReadNext(buffer, pages, classes) > 0)
        {
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Damage_anywhere_costs_no_page_that_the_epoch_still_has(bool lz4, bool encrypted)
    {
        byte[] image = Image(100, 3);
        Pfn[] plan = Shuffled(100, 90);
        byte[] file = Write(image, plan, new History { Lz4 = lz4, Encrypted = encrypted }).ToArray();
        int replaced = 0;
        int unread = 0;
        for (int at = (int)Layout.SegmentsOffset; at < file.Length; at += 211)
        {
            byte[] damaged = [.. file];
            damaged[at] ^= 4;
            (int fromEpoch, int missing) = ReadDamaged(damaged, image, plan, $"byte {at}");
            replaced += fromEpoch;
            unread += missing;
        }

        Assert.True(replaced > 20, $"{replaced} pages came from the epoch");
        Assert.True(unread > plan.Length, "the plan was never damaged");
    }

    [Fact]
    public void A_medium_that_fails_under_a_pack_costs_no_page()
    {
        byte[] image = Image(300, 4, onlyData: true);
        Pfn[] plan = Shuffled(300, 200);
        MemoryFile file = Write(image, plan, new History { SegmentSize = 4 << 20 });
        var storage = new MeteredStorage(file);
        using CheckpointReader reader = CheckpointReader.Open(storage);
        using Epoch epoch = reader.OpenNewest();
        storage.BadOffset = epoch.Record.Pack!.Extents[0].Offset + 100;
        ResumePack pack = epoch.OpenPack()!;
        AssertReads(pack, image, plan, 33);
        Assert.Equal(plan.Length, pack.PagesReplaced);
        Assert.IsType<StorageException>(pack.Damage);
    }

    [Fact]
    public void A_copy_of_another_page_is_told_by_verify()
    {
        byte[] file = Write(Image(20, 6, onlyData: true), Shuffled(20, 20), new History()).ToArray();
        FileRoot root = WrittenHistory.RootOf(file);
        EpochRecord record = root.TryReadRecord(new EpochId(1))!;
        Entry chunk = record.Pack!.Plan.Tree.Root;
        Assert.Equal(EntryKind.Raw, chunk.Kind);

        // Two pages change their numbers, and the sums above are right.
        Span<byte> plan = file.AsSpan((int)chunk.Offset, (int)record.Pack.Plan.Length);
        byte[] first = [.. plan[..8]];
        plan.Slice(PlanEntry.Size, 8).CopyTo(plan);
        first.CopyTo(plan[PlanEntry.Size..]);
        ulong sum = ContentSum.Of(plan).Value;
        var surgeon = new FileSurgeon(file);
        int at = surgeon.Record.IndexOf(Bytes(chunk));
        BitConverter.TryWriteBytes(surgeon.Record[(at + 8)..], sum);
        byte[] forged = surgeon.Close();

        using CheckpointReader reader = CheckpointReader.Open(new BytesStorage(forged, forged.Length));
        VerifyReport report = reader.Verify(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(2, report.Damage.Count);
        Assert.All(report.Damage, damage => Assert.Contains("another page", damage.Message, StringComparison.Ordinal));
    }

    /// <summary>In 16 MiB of a plan neighbours come together.</summary>
    private static Pfn[] Loaded(Pfn[] plan) => [.. plan.Chunk((16 << 20) / PageSize).SelectMany(some => some.Order())];

    internal static Pfn[] Shuffled(int guest, int count)
    {
        int[] all = [.. Enumerable.Range(0, guest)];
        new Random(count).Shuffle(all);
        return [.. all.Take(count).Select(pfn => new Pfn(pfn))];
    }

    internal static byte[] Image(int pages, int seed, bool onlyData = false)
    {
        var random = new Random(seed);
        byte[] image = new byte[pages * PageSize];
        for (int i = 0; i < pages; i++)
        {
            Span<byte> page = image.AsSpan(i * PageSize, PageSize);
            switch (onlyData ? 3 : random.Next(5))
            {
                case 0:
                    break;
                case 1:
                    page.Fill((byte)random.Next(1, 256));
                    break;
                case 2:
                    random.NextBytes(page[..random.Next(1, 2000)]);
                    break;
                default:
                    random.NextBytes(page);
                    break;
            }
        }

        return image;
    }

    internal static MemoryFile Write(byte[] image, Pfn[] plan, History shape)
    {
        var file = new MemoryFile();
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), shape.WriterOptions);
        using EpochBuilder builder = writer.BeginEpoch();
        builder.WritePages(new Pfn(0), image);
        EpochInfo info = builder.Commit();
        EpochInfo packed = writer.WritePack(new ResumePlan(info.Id, plan, info.PagesConfigured), TestContext.Current.CancellationToken);
        Assert.Equal(plan.Length, packed.Pack?.Pages);
        return file;
    }

    private static byte[] Bytes(Entry entry)
    {
        byte[] bytes = new byte[Entry.Size];
        entry.Write(bytes);
        return bytes;
    }

    private static void AssertReads(ResumePack pack, byte[] image, Pfn[] plan, int batch)
    {
        plan = Loaded(plan);
        Assert.Equal(plan, pack.ReadPlan());
        byte[] buffer = new byte[batch * PageSize];
        var pages = new Pfn[batch];
        var classes = new PageClass[batch];
        int at = 0;
        for (int count; (count = pack.ReadNext(buffer, pages, classes)) > 0; at += count)
        {
            Assert.Equal(Math.Min(batch, plan.Length - at), count);
            Assert.Equal(plan.AsSpan(at, count), pages.AsSpan(0, count));
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(PageClassifier.Classify(PageOf(image, pages[i]), out _), classes[i]);
                Assert.True(buffer.AsSpan(i * PageSize, PageSize).SequenceEqual(PageOf(image, pages[i])), $"page {pages[i]}");
            }
        }

        Assert.Equal(plan.Length, at);
    }

    private static ReadOnlySpan<byte> PageOf(byte[] image, Pfn page) => image.AsSpan((int)page.Value * PageSize, PageSize);

    /// <summary>Reads a damaged file; returns how many pages came from the epoch and how many of the plan did not come at all.</summary>
    private static (int FromEpoch, int Missing) ReadDamaged(byte[] file, byte[] image, Pfn[] plan, string what)
    {
        try
        {
            using CheckpointReader reader = CheckpointReader.Open(new BytesStorage(file, file.Length), new CheckpointReaderOptions { Key = TestKeys.Of(file) });
            using Epoch epoch = reader.OpenNewest();
            ResumePack pack = epoch.OpenPack()!;
            byte[] buffer = new byte[plan.Length * PageSize];
            var pages = new Pfn[plan.Length];
            var classes = new PageClass[plan.Length];
            List<DamagedPage> damaged = [];
            int count = pack.ReadNext(buffer, pages, classes, damaged);
            Assert.Empty(damaged);
            for (int i = 0; i < count; i++)
            {
                Assert.True(buffer.AsSpan(i * PageSize, PageSize).SequenceEqual(PageOf(image, pages[i])), $"{what}: page {pages[i]}");
            }

            bool isWhole = count == plan.Length && pack.PagesReplaced == 0;
            Assert.Equal(isWhole, pack.Damage is null);
            Assert.Equal(!isWhole, reader.Verify().Damage.Any(damage => damage.Message.Contains("resume pack", StringComparison.Ordinal) || damage.Pfn is not null && pack.Damage is not null));
            return ((int)pack.PagesReplaced, plan.Length - count);
        }
        catch (CorruptDataException)
        {
            // The directory or the record.
            return default;
        }
    }

    private sealed class CountingStorage(IStorage inner) : IStorage
    {
        public List<(long Offset, int Length)> Reads { get; } = [];

        public string Name => inner.Name;

        public long Length => inner.Length;

        public Guid HostRun => inner.HostRun;

        public void Read(long offset, Span<byte> destination)
        {
            Reads.Add((offset, destination.Length));
            inner.Read(offset, destination);
        }

        public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts) => inner.Write(offset, parts);

        public void Sync() => inner.Sync();

        public void Truncate(long length) => inner.Truncate(length);

        public void Dispose() => inner.Dispose();
    }
}
