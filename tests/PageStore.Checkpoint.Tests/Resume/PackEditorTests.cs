using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Packs come and go, and the epochs stay what they are.</summary>
public sealed class PackEditorTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Plans_that_are_none_are_refused_and_the_writer_goes_on()
    {
        using CheckpointWriter writer = WriteEpochs(1);
        string root = writer.RootHash;
        var id = new EpochId(1);
        Assert.Throws<ArgumentException>(() => Pack(writer, new ResumePlan(id, [], 1)));
        Assert.Throws<ArgumentException>(() => Pack(writer, new ResumePlan(id, [new Pfn(3), new Pfn(3)], 1)));
        Assert.Throws<ArgumentException>(() => Pack(writer, new ResumePlan(id, [new Pfn(300)], 1)));
        Assert.Throws<KeyNotFoundException>(() => Pack(writer, new ResumePlan(new EpochId(2), [new Pfn(3)], 1)));
        Assert.Throws<KeyNotFoundException>(() => writer.DropPack(new EpochId(2)));
        Assert.Throws<OperationCanceledException>(() => writer.WritePack(Plan(1, 5), new CancellationToken(canceled: true)));
        Assert.False(writer.DropPack(id));
        using (writer.BeginEpoch())
        {
            Assert.Throws<InvalidOperationException>(() => Pack(writer, Plan(1, 5)));
            Assert.Throws<InvalidOperationException>(() => writer.DropPack(id));
        }

        Assert.Equal(root, writer.RootHash);
        Assert.Equal(5, Pack(writer, Plan(1, 5)).Pack?.Pages);
        Assert.NotEqual(root, writer.RootHash);
        AssertInOrder(writer, (1, 5));
    }

    [Fact]
    public void A_damaged_page_ends_the_packing_and_the_file_stays_as_it_was()
    {
        WriteEpochs(1).Dispose();
        byte[] file = File.ReadAllBytes(_path);
        file[Layout.SegmentsOffset + (7 * 4096) + 9] ^= 1;
        File.WriteAllBytes(_path, file);
        using CheckpointWriter writer = CheckpointWriter.Open(_path);
        CorruptDataException damage = Assert.Throws<CorruptDataException>(() => Pack(writer, Plan(1, 20)));
        Assert.Equal(new Pfn(7), damage.Pfn);
        Assert.Equal(3, Pack(writer, Plan(1, 3)).Pack?.Pages);
    }

    [Fact]
    public void A_plan_that_takes_more_segments_than_the_record_has_room_for_is_refused()
    {
        using (CheckpointWriter writer = CheckpointWriter.Create(_path, new CheckpointWriterOptions { SegmentSize = 1 << 16, PageSize = 1 << 16 }))
        {
            using EpochBuilder builder = writer.BeginEpoch();
            byte[] page = new byte[1 << 16];
            for (int i = 0; i < 100; i++)
            {
                page[5] = (byte)i;
                page[6] = 1;
                builder.WritePages(new Pfn(i), page);
            }

            // Sections with long names, as many as there is room for.
            int sections = 0;
            string Name() => sections++.ToString("D255", System.Globalization.CultureInfo.InvariantCulture);
            void AddAll()
            {
                while (true)
                {
                    builder.AddState(Name(), Stream.Null);
                }
            }

            Assert.Throws<ArgumentException>(AddAll);
            builder.Commit();
            UnsupportedException refused = Assert.Throws<UnsupportedException>(() => Pack(writer, Plan(1, 100)));
            Assert.Contains("Pack fewer pages", refused.Message, StringComparison.Ordinal);
            Assert.Equal(64, Pack(writer, Plan(1, 64)).Pack?.Pages);
            AssertInOrder(writer, (1, 64));
        }
    }

    [Fact]
    public void A_pack_is_replaced_and_dropped_and_its_space_comes_back()
    {
        using CheckpointWriter writer = WriteEpochs(3);
        long without = new FileInfo(_path).Length;
        Pack(writer, Plan(2, 200));
        long with = new FileInfo(_path).Length;
        Assert.InRange(with - without, 200 * 4096, (200 * 4096) + (1 << 20));
        for (int i = 0; i < 5; i++)
        {
            Pack(writer, Plan(2, 200 - i));
            AssertInOrder(writer, (1, null), (2, 200 - i), (3, null));
        }

        // Nobody holds what was replaced, so that is taken again, once both slots are behind it.
        Assert.InRange(new FileInfo(_path).Length, with, with + (4 << 20));
        Assert.True(writer.DropPack(new EpochId(2)));
        Assert.False(writer.DropPack(new EpochId(2)));
        AssertInOrder(writer, (1, null), (2, null), (3, null));
        Assert.InRange(new FileInfo(_path).Length, 0, without + (1 << 19));
    }

    [Fact]
    public void Who_reads_a_pack_keeps_it_while_it_is_dropped()
    {
        using CheckpointWriter writer = WriteEpochs(2);
        Pack(writer, Plan(2, 200));
        using CheckpointReader reader = CheckpointReader.Open(_path);
        using Epoch epoch = reader.OpenNewest();
        ResumePack pack = epoch.OpenPack()!;
        Assert.True(writer.DropPack(new EpochId(2)));
        Pack(writer, Plan(1, 200));
        byte[] buffer = new byte[200 * 4096];
        Assert.Equal(200, pack.ReadNext(buffer, new Pfn[200], new PageClass[200]));
        Assert.Equal((0, null), (pack.PagesReplaced, pack.Damage));
        Assert.True(reader.Refresh());
        using Epoch again = reader.OpenNewest();
        Assert.Null(again.OpenPack());
        Assert.Null(again.Info.Pack);
    }

    [Fact]
    public void A_prune_drops_the_packs_of_dropped_epochs_and_keeps_the_others_wherever_pages_move()
    {
        using CheckpointWriter writer = WriteEpochs(6);
        for (int id = 1; id <= 6; id++)
        {
            Pack(writer, Plan(id, 100 + id));
        }

        PruneReport report = writer.Prune(new PrunePolicy { KeepIf = id => id.Value is 1 or 4 or 6 });
        Assert.Equal(3, report.Dropped.Count);
        Assert.InRange(report.DeadBytes, 300 * 4096, long.MaxValue);
        AssertInOrder(writer, (1, 101), (4, 104), (6, 106));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_compaction_writes_packs_again_of_the_same_plans(bool encrypted)
    {
        CheckpointKey? key = encrypted ? TestKeys.Key : null;
        Pfn[][] plans;
        using (CheckpointWriter writer = WriteEpochs(6, key))
        {
            Pack(writer, Plan(2, 50));
            Pack(writer, Plan(3, 70));
            Pack(writer, Plan(6, 60));
            plans = [.. new[] { 2, 6 }.Select(id => PlanOf(writer.OpenEpoch(new EpochId(id))))];
            writer.Prune(new PrunePolicy { KeepIf = id => id.Value is 1 or 2 or 6 });
        }

        CompactReport report = CheckpointCompactor.CompactInPlace(_path, key, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((3, 2, 0), (report.Epochs, report.Packs, report.PacksLeft));
        using CheckpointReader reader = CheckpointReader.Open(_path, new CheckpointReaderOptions { Key = key });
        Assert.Equal([null, 50, 60], reader.Epochs().Select(info => (int?)info.Pack?.Pages));
        Assert.Equal(plans, new[] { 2, 6 }.Select(id => PlanOf(reader.OpenEpoch(new EpochId(id)))));
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void A_compaction_heals_a_damaged_pack_and_leaves_one_behind_whose_plan_is_lost()
    {
        long block;
        long plan;
        using (CheckpointWriter writer = WriteEpochs(2))
        {
            Pack(writer, Plan(1, 50));
            Pack(writer, Plan(2, 60));
            using Epoch first = writer.OpenEpoch(new EpochId(1));
            using Epoch second = writer.OpenEpoch(new EpochId(2));
            block = first.Record.Pack!.Extents[0].Offset;
            plan = second.Record.Pack!.Plan.Tree.Root.Offset;
        }

        byte[] file = File.ReadAllBytes(_path);
        file[block + 7] ^= 1;
        file[plan + 7] ^= 1;
        File.WriteAllBytes(_path, file);
        CompactReport report = CheckpointCompactor.CompactInPlace(_path, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((2, 1, 1), (report.Epochs, report.Packs, report.PacksLeft));
        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Equal([50, null], reader.Epochs().Select(info => (int?)info.Pack?.Pages));
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void A_repair_leaves_packs_behind()
    {
        string target = _path + ".target";
        using (CheckpointWriter writer = WriteEpochs(2))
        {
            Pack(writer, Plan(1, 50));
            Pack(writer, Plan(2, 60));
        }

        try
        {
            Assert.True(CheckpointRepair.Salvage(_path, target, cancellationToken: TestContext.Current.CancellationToken).Complete);
            AssertNoPacks(target);
        }
        finally
        {
            File.Delete(target);
        }
    }

    private static void AssertNoPacks(string path)
    {
        using CheckpointReader reader = CheckpointReader.Open(path);
        Assert.All(reader.Epochs(), info => Assert.Null(info.Pack));
        Assert.Empty(reader.VerifyDeep().Damage);
    }

    private static Pfn[] PlanOf(Epoch epoch) => epoch.OpenPack()!.ReadPlan();

    private static EpochInfo Pack(CheckpointWriter writer, ResumePlan plan) => writer.WritePack(plan, TestContext.Current.CancellationToken);

    private static ResumePlan Plan(long epoch, int pages) => new(new EpochId(epoch), [.. ResumePackTests.Shuffled(300, 300).Where(page => page.Value < pages)], 300);

    /// <summary>Epochs of a guest of 300 pages, each of which changes a third of them.</summary>
    private CheckpointWriter WriteEpochs(int count, CheckpointKey? key = null)
    {
        CheckpointWriter writer = CheckpointWriter.Create(_path, new CheckpointWriterOptions { SegmentSize = key is null ? 1 << 16 : 1 << 17, Key = key });
        byte[] image = ResumePackTests.Image(300, 7, onlyData: true);
        for (int i = 0; i < count; i++)
        {
            using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest });
            for (int pfn = 0; pfn < 300; pfn += i == 0 ? 1 : 3)
            {
                image[(pfn * 4096) + i] ^= 1;
                builder.WritePages(new Pfn(pfn), image.AsSpan(pfn * 4096, 4096));
            }

            builder.Commit();
        }

        return writer;
    }

    private void AssertInOrder(CheckpointWriter writer, params (long Epoch, int? Pages)[] packs)
    {
        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Equal(packs, reader.Epochs().Select(info => (info.Id.Value, (int?)info.Pack?.Pages)));
        Assert.Empty(reader.VerifyDeep().Damage);
        Assert.Equal(packs[^1].Epoch, writer.Newest?.Value);
    }
}
