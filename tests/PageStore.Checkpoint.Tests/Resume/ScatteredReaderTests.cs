using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Pages that are read as a batch are the pages of the epoch, and what is damaged costs itself only.</summary>
public sealed class ScatteredReaderTests
{
    /// <summary>Pages of the histories that are asked for: larger guests have holes behind.</summary>
    private const long WrittenPages = 500;

    [Property(MaxTest = 100, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Batches_read_as_the_oracle_knows_the_pages(History history, int seed) => WriteAndRead(history, seed);

    [Property(MaxTest = 50, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Batches_of_encrypted_files_read_as_the_oracle_knows_the_pages(History history, int seed) => WriteAndRead(history with { Encrypted = true }, seed);

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_changed_byte_anywhere_costs_the_pages_that_the_epoch_cannot_read_either(bool lz4, bool encrypted)
    {
        (byte[] file, IReadOnlyList<ModelEpoch> models) = SampleFiles.WriteRich(lz4, encrypted);
        CheckpointReaderOptions options = new() { Key = TestKeys.Of(file) };
        int damages = 0;
        for (int at = (int)Layout.SegmentsOffset; at < file.Length; at += 97)
        {
            byte[] changed = [.. file];
            changed[at] ^= 0x20;
            try
            {
                using CheckpointReader reader = CheckpointReader.Open(new BytesStorage(changed, changed.Length), options);
                damages += models.Sum(model => CompareWithEpoch(reader.OpenEpoch(new EpochId(model.Id)), model));
            }
            catch (CorruptDataException)
            {
                // Nothing of the epoch can be read.
            }
        }

        Assert.True(damages > 20, $"only {damages} pages were damaged");
    }

    [Fact]
    public void A_place_that_cannot_be_read_costs_the_pages_there()
    {
        var file = new MemoryFile();
        var storage = new MeteredStorage(file);
        byte[] pages = new byte[64 * 4096];
        new Random(1).NextBytes(pages);
        using (CheckpointWriter writer = CheckpointWriter.Create(storage, new CheckpointWriterOptions()))
        {
            using EpochBuilder builder = writer.BeginEpoch();
            builder.WritePages(new Pfn(0), pages);
            builder.Commit();
        }

        using CheckpointReader reader = CheckpointReader.Open(storage = new MeteredStorage(file));
        using Epoch epoch = reader.OpenNewest();
        var scattered = new ScatteredReader(epoch);
        Pfn[] all = [.. Enumerable.Range(0, 64).Select(i => new Pfn(i))];
        byte[] read = new byte[pages.Length];
        var classes = new PageClass[64];
        scattered.Read(all, read, classes);
        Assert.Equal(pages, read);

        // The pages of an only epoch lie one behind the other from the first segment on.
        storage.BadOffset = Layout.SegmentsOffset + (10 * 4096);
        List<DamagedPage> damaged = [];
        scattered.Read(all, read, classes, damaged);
        DamagedPage lost = Assert.Single(damaged);
        Assert.Equal((10, new Pfn(10)), (lost.Index, lost.Page));
        Assert.IsType<StorageException>(lost.Reason);
        pages.AsSpan(10 * 4096, 4096).Clear();
        Assert.Equal(pages, read);
        Assert.Throws<StorageException>(() => scattered.Read(all, read, classes));
        Assert.False(read.AsSpan().ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Batches_that_do_not_fit_are_refused_and_full_ones_allocate_nothing()
    {
        (byte[] file, _) = SampleFiles.WriteRich(lz4: true);
        using CheckpointReader reader = CheckpointReader.Open(new BytesStorage(file, file.Length));
        using Epoch epoch = reader.OpenEpoch(new EpochId(1));
        var scattered = new ScatteredReader(epoch);
        Pfn[] pages = [.. Enumerable.Range(0, ScatteredReader.MaxPages).Select(i => new Pfn(i % epoch.PageCount))];
        byte[] buffer = new byte[pages.Length * 4096];
        var classes = new PageClass[pages.Length];

        Assert.Throws<ArgumentException>(() => scattered.Read(pages, buffer.AsSpan(1), classes));
        Assert.Throws<ArgumentException>(() => scattered.Read(pages, buffer, classes.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => scattered.Read(new Pfn[pages.Length + 1], new byte[buffer.Length + 4096], new PageClass[pages.Length + 1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => scattered.Read([new Pfn(epoch.PageCount)], buffer.AsSpan(0, 4096), classes.AsSpan(0, 1)));
        scattered.Read([], [], []);
        scattered.Read(pages, buffer, classes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        scattered.Read(pages, buffer, classes);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void WriteAndRead(History history, int seed)
    {
        var written = WrittenHistory.Of(history);
        var random = new Random(seed);
        using CheckpointReader reader = CheckpointReader.Open(new BytesStorage(written.File, written.File.Length), history.ReaderOptions);
        foreach (ModelEpoch model in written.Epochs)
        {
            using Epoch epoch = reader.OpenEpoch(new EpochId(model.Id));
            var scattered = new ScatteredReader(epoch);
            for (int batch = 0; batch < 2 && epoch.PageCount > 0; batch++)
            {
                Pfn[] pages = [.. Enumerable.Range(0, random.Next(200)).Select(_ => new Pfn(random.NextInt64(Math.Min(epoch.PageCount, WrittenPages))))];
                byte[] buffer = new byte[pages.Length * epoch.PageSize];
                random.NextBytes(buffer);
                var classes = new PageClass[pages.Length];
                scattered.Read(pages, buffer, classes);
                AssertEqual(model, pages, buffer, classes);
            }
        }
    }

    private static void AssertEqual(ModelEpoch model, Pfn[] pages, byte[] buffer, PageClass[] classes)
    {
        int pageSize = pages.Length == 0 ? 0 : buffer.Length / pages.Length;
        for (int i = 0; i < pages.Length; i++)
        {
            ModelPage? expected = model.PageOf(pages[i].Value);
            Assert.Equal(expected?.Class ?? PageClass.Absent, classes[i]);
            ReadOnlySpan<byte> content = buffer.AsSpan(i * pageSize, pageSize);
            Assert.True(expected is { Content.Length: > 0 } ? content.SequenceEqual(expected.Content) : !content.ContainsAnyExcept((byte)0), $"page {pages[i]} differs");
        }
    }

    /// <summary>Reads all pages both ways; returns how many cannot be read.</summary>
    private static int CompareWithEpoch(Epoch epoch, ModelEpoch model)
    {
        Pfn[] pages = [.. Enumerable.Range(0, (int)model.PageCount).Select(i => new Pfn(i))];
        byte[] buffer = new byte[pages.Length * epoch.PageSize];
        var classes = new PageClass[pages.Length];
        List<DamagedPage> damaged = [];
        new ScatteredReader(epoch).Read(pages, buffer, classes, damaged);
        Dictionary<int, DamagedPage> byIndex = damaged.ToDictionary(page => page.Index);
        byte[] page = new byte[epoch.PageSize];
        for (int i = 0; i < pages.Length; i++)
        {
            bool reads = Reads(epoch, pages[i], page);
            Assert.Equal(!reads, byIndex.ContainsKey(i));
            Assert.True(buffer.AsSpan(i * page.Length, page.Length).SequenceEqual(page));
            if (!reads)
            {
                Assert.Equal((pages[i], epoch.Info.Id, pages[i]), (byIndex[i].Page, ((CorruptDataException)byIndex[i].Reason).Epoch, ((CorruptDataException)byIndex[i].Reason).Pfn));
            }
        }

        return damaged.Count;
    }

    private static bool Reads(Epoch epoch, Pfn pfn, byte[] page)
    {
        try
        {
            epoch.ReadPage(pfn, page);
            return true;
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }
}
