using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Epochs are dropped, and the others stay; what only the dropped ones reached is free.</summary>
public sealed class PruneTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Property(MaxTest = 200, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Accounts_stay_exact_whatever_is_dropped(History history)
    {
        var file = new MemoryFile();
        var run = new HistoryWriter(history, () => CheckpointWriter.Create(new MemoryStorage(file), history.WriterOptions), () => CheckpointWriter.Open(new MemoryStorage(file), history.WriterOptions));
        run.Run();

        using var reader = CheckpointReader.Open(new MemoryStorage(file));
        ModelAssert.Matches(reader, run.Epochs);
        Assert.Empty(reader.VerifyDeep().Damage);
    }

    [Fact]
    public void A_dropped_branch_point_still_parts_what_its_branches_share()
    {
        using (CheckpointWriter writer = CheckpointWriter.Create(_path, new CheckpointWriterOptions { SegmentSize = 1 << 16 }))
        {
            // 1 is the root, 2 and 3 come from it, 4 from 2 and 5 from 3; all share the first pages of 1.
            Write(writer, null, 0, 20);
            Write(writer, 1, 5, 1);
            Write(writer, 1, 6, 1);
            Write(writer, 2, 7, 1);
            Write(writer, 3, 8, 1);
            foreach (long dropped in (long[])[1, 2, 3])
            {
                writer.Prune(new PrunePolicy { KeepIf = id => id.Value != dropped });
            }

            writer.Prune(new PrunePolicy { KeepIf = id => id.Value != 4 });
        }

        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Equal([5L], reader.Epochs().Select(epoch => epoch.Id.Value));
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
        AssertPage(reader, 5, 0, seed: 1);
        AssertPage(reader, 5, 6, seed: 3);
        AssertPage(reader, 5, 8, seed: 5);
    }

    [Fact]
    public void Space_is_reused_so_that_a_file_that_keeps_the_last_epochs_does_not_grow()
    {
        long half = 0;
        using CheckpointWriter writer = CheckpointWriter.Create(_path, new CheckpointWriterOptions { SegmentSize = 1 << 16 });
        Write(writer, null, 0, 64);
        for (int epoch = 1; epoch <= 400; epoch++)
        {
            Write(writer, epoch, epoch % 50, 14);
            writer.Prune(new PrunePolicy { KeepLast = 3, ReturnSpace = false });
            half = epoch == 200 ? new FileInfo(_path).Length : half;
        }

        Assert.InRange(new FileInfo(_path).Length, 1, half * 11 / 10);
        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Equal([399L, 400, 401], reader.Epochs().Select(epoch => epoch.Id.Value));
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void An_open_reader_keeps_what_it_reads_until_it_is_done()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(_path, new CheckpointWriterOptions { SegmentSize = 1 << 16 });
        Write(writer, null, 0, 64);
        CheckpointReader reader = CheckpointReader.Open(_path);
        Epoch first = reader.OpenEpoch(new EpochId(1));
        for (int epoch = 1; epoch <= 20; epoch++)
        {
            Write(writer, epoch, 0, 64);
            PruneReport report = writer.Prune(new PrunePolicy { KeepLast = 1 });
            Assert.True(report.IsHeldByReaders);
            Assert.True(reader.Refresh());
            AssertPage(first, 63, seed: 1);
        }

        long held = new FileInfo(_path).Length;
        first.Dispose();
        AssertPage(reader, 21, 63, seed: 21);
        reader.Dispose();
        PruneReport freed = writer.Prune(new PrunePolicy { KeepLast = 1 });
        Assert.False(freed.IsHeldByReaders);
        Assert.True(freed.ReturnedBytes > held / 2, $"{freed.ReturnedBytes} of {held}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_compaction_keeps_what_it_reads_while_a_writer_prunes_and_reuses(bool encrypted)
    {
        CheckpointKey? key = encrypted ? TestKeys.Key : null;
        string target = _path + ".new";
        try
        {
            using CheckpointWriter writer = CheckpointWriter.Create(_path, new CheckpointWriterOptions { SegmentSize = 1 << 17, Key = key });
            Write(writer, null, 0, 64);
            for (int epoch = 1; epoch < 6; epoch++)
            {
                Write(writer, epoch, 0, 64);
            }

            var prune = new Once(() =>
            {
                for (int epoch = 6; epoch < 12; epoch++)
                {
                    Write(writer, epoch, 0, 64);
                    writer.Prune(new PrunePolicy { KeepLast = 1 });
                }
            });
            CheckpointCompactor.Compact(_path, target, key, null, prune, TestContext.Current.CancellationToken);
            Assert.True(prune.IsDone);

            using CheckpointReader reader = CheckpointReader.Open(target, new CheckpointReaderOptions { Key = key });
            Assert.Equal([1L, 2, 3, 4, 5, 6], reader.Epochs().Select(epoch => epoch.Id.Value));
            for (int epoch = 1; epoch <= 6; epoch++)
            {
                AssertPage(reader, epoch, 63, seed: epoch);
            }
        }
        finally
        {
            File.Delete(target);
        }
    }

    [Fact]
    public void Compacting_an_encrypted_file_shrinks_it_and_needs_its_key()
    {
        string target = _path + ".new";
        try
        {
            using (CheckpointWriter writer = CheckpointWriter.Create(_path, TestKeys.Writer))
            {
                Write(writer, null, 0, 64);
                for (int epoch = 1; epoch < 20; epoch++)
                {
                    Write(writer, epoch, epoch, 40);
                }

                writer.Prune(new PrunePolicy { KeepIf = id => id.Value is 3 or 20, ReturnSpace = false });
            }

            CancellationToken cancellation = TestContext.Current.CancellationToken;
            byte[] before = File.ReadAllBytes(_path);
            foreach (CheckpointKey? wrong in (CheckpointKey?[])[null, TestKeys.Other])
            {
                Assert.Throws<WrongKeyException>(() => CheckpointCompactor.Compact(_path, target, wrong, cancellationToken: cancellation));
                Assert.Throws<WrongKeyException>(() => CheckpointCompactor.CompactInPlace(_path, wrong, cancellationToken: cancellation));
            }

            Assert.Equal(before, File.ReadAllBytes(_path));
            Assert.False(File.Exists(target));
            CompactReport report = CheckpointCompactor.Compact(_path, target, TestKeys.Key, cancellationToken: cancellation);
            Assert.Equal((2, before.Length), (report.Epochs, report.BytesBefore));
            Assert.InRange(report.BytesAfter, 1, before.Length / 2);
            using (CheckpointReader old = CheckpointReader.Open(_path, TestKeys.Reader))
            using (CheckpointReader compact = CheckpointReader.Open(target, TestKeys.Reader))
            {
                Assert.Empty(compact.VerifyDeep(cancellationToken: cancellation).Damage);
                foreach (long epoch in (long[])[3, 20])
                {
                    using EpochComparison comparison = old.OpenEpoch(new EpochId(epoch)).CompareWith(compact.OpenEpoch(new EpochId(epoch)), cancellationToken: cancellation);
                    Assert.True(comparison is { SameContent: true, PagesCompared: > 60 });
                }
            }

            CheckpointCompactor.CompactInPlace(_path, TestKeys.Key, cancellationToken: cancellation);
            using CheckpointReader reader = CheckpointReader.Open(_path, TestKeys.Reader);
            AssertPage(reader, 20, 30, seed: 20);
            AssertPage(reader, 3, 63, seed: 1);
        }
        finally
        {
            File.Delete(target);
        }
    }

    [Fact]
    public void Dropping_all_but_the_last_gives_the_space_back()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(_path, new CheckpointWriterOptions { SegmentSize = 1 << 16 });
        Write(writer, null, 0, 64);
        for (int epoch = 1; epoch < 60; epoch++)
        {
            Write(writer, epoch, 0, 32);
        }

        long before = new FileInfo(_path).Length;
        PruneReport report = writer.Prune(new PrunePolicy { KeepLast = 1 });

        Assert.Equal(59, report.Dropped.Count);
        Assert.True(report.ReturnedBytes > before * 8 / 10, $"{report.ReturnedBytes} of {before}");
        using CheckpointReader reader = CheckpointReader.Open(_path);
        AssertPage(reader, 60, 0, seed: 60);
        AssertPage(reader, 60, 40, seed: 1);
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void Ten_thousand_epochs_are_in_one_file_and_each_is_what_it_was()
    {
        const int epochs = 10_000;
        var file = new MemoryFile();
        var options = new CheckpointWriterOptions { SegmentSize = 1 << 20, Durability = Durability.SurvivesProcessCrash };
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), options);
        for (int epoch = 1; epoch <= epochs; epoch++)
        {
            Write(writer, epoch == 1 ? null : epoch - 1, epoch % 100, 1);
        }

        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file));
        Assert.Equal(epochs, reader.EpochCount);
        Assert.Equal(Enumerable.Range(1, epochs).Select(id => (long)id), reader.Epochs().Select(epoch => epoch.Id.Value));
        foreach (int epoch in (int[])[1, 100, 101, 4_097, 9_999, epochs])
        {
            for (int last = epoch; last > Math.Max(0, epoch - 100); last--)
            {
                AssertPage(reader, epoch, last % 100, seed: last);
            }
        }

        PruneReport report = writer.Prune(new PrunePolicy { KeepLast = 10, KeepEvery = 1000 });
        Assert.Equal(epochs - 19, report.Dropped.Count);
        Assert.True(reader.Refresh());
        AssertPage(reader, 5_000, 0, seed: 5_000);
        AssertPage(reader, 5_000, 1, seed: 4_901);
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void The_rules_are_added_up_and_the_newest_always_stays()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        for (int epoch = 0; epoch < 12; epoch++)
        {
            using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Label = epoch == 3 ? "kept" : null, Time = new DateTimeOffset(2026, 1, 1, epoch, 0, 0, TimeSpan.Zero) });
            builder.WritePages(new Pfn(0), new byte[4096]);
            builder.Commit();
        }

        writer.Prune(new PrunePolicy { KeepLast = 2, KeepWithin = TimeSpan.FromHours(3), KeepLabelled = true, KeepEvery = 5 });
        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Equal([4L, 5, 9, 10, 11, 12], reader.Epochs().Select(epoch => epoch.Id.Value));
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        Assert.Throws<ArgumentException>(() => writer.Prune(new PrunePolicy()));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Prune(new PrunePolicy { KeepLast = 0 }));
        using EpochBuilder builder = writer.BeginEpoch();
        Assert.Throws<InvalidOperationException>(() => writer.Prune(new PrunePolicy { KeepLast = 1 }));
    }

    /// <summary>An epoch that writes pages, each filled from the epoch's number and its own.</summary>
    private static void Write(CheckpointWriter writer, long? parent, int first, int count)
    {
        using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = parent is { } id ? new EpochId(id) : null });
        for (int pfn = first; pfn < first + count; pfn++)
        {
            builder.WritePages(new Pfn(pfn), PageOf((int)builder.Id.Value, pfn));
        }

        builder.Commit();
    }

    private static byte[] PageOf(int seed, int pfn)
    {
        byte[] page = new byte[4096];
        new Random((seed * 1000) + pfn).NextBytes(page);
        return page;
    }

    private static void AssertPage(CheckpointReader reader, long epoch, int pfn, int seed)
    {
        using Epoch opened = reader.OpenEpoch(new EpochId(epoch));
        AssertPage(opened, pfn, seed);
    }

    private static void AssertPage(Epoch epoch, int pfn, int seed)
    {
        byte[] page = new byte[4096];
        epoch.ReadPage(new Pfn(pfn), page);
        Assert.Equal(PageOf(seed, pfn), page);
    }

    /// <summary>Does something at the first report, on the reporting thread.</summary>
    private sealed class Once(Action action) : IProgress<long>
    {
        public bool IsDone { get; private set; }

        public void Report(long value)
        {
            if (!IsDone)
            {
                IsDone = true;
                action();
            }
        }
    }
}
