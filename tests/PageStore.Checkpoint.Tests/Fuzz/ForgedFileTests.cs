using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Files whose sums are right and whose content is hostile: only rules can refuse them.</summary>
public sealed class ForgedFileTests
{
    [Fact]
    public void A_repaired_change_gets_past_the_sums()
    {
        var file = new ForgedFile("seed-kinds");
        long time = file.NewestRecord() + 24;
        file.SetWord(time, file.Word(time) + 1_000_000);
        using (CheckpointReader damaged = file.Open())
        {
            Assert.NotEmpty(damaged.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage);
        }

        file.Repair();
        using CheckpointReader repaired = file.Open();
        VerifyReport report = repaired.Verify(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(report.Damage);
        Assert.Empty(report.Warnings);
        Assert.Equal(2, report.PagesChecked);
        Assert.Equal(1, repaired.OpenNewest().Info.Time.Second);
    }

    /// <summary>If two slots could share a node, seven nodes would make 2^40 pages that all have to be looked at.</summary>
    [Fact]
    public void A_node_in_two_slots_is_refused()
    {
        var file = new ForgedFile("seed-kinds");
        long root = file.Entry(file.NewestRecord() + 40).Offset;
        Assert.Equal(2, (file.Word(root) >> 8) & 0xFF);
        file.SetEntry(root + NodeFormat.HeadSize + Entry.Size, file.Entry(root + NodeFormat.HeadSize));
        file.Repair();
        using CheckpointReader reader = file.Open();
        Epoch epoch = reader.OpenNewest();
        epoch.GetPageInfo(new Pfn(0));
        CorruptDataException refused = Assert.Throws<CorruptDataException>(() => epoch.GetPageInfo(new Pfn(64)));
        Assert.Contains("a node of another place", refused.Message, StringComparison.Ordinal);
        Assert.Throws<CorruptDataException>(() => epoch.PresentRuns().Count());
        Assert.Contains(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage, damage => damage.Message.Contains("a node of another place", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1L << 27)]
    [InlineData(1L << 30)]
    [InlineData(1L << 37)]
    public void A_set_that_claims_to_be_huge_costs_no_memory(long length)
    {
        var file = new ForgedFile("seed-huge");
        file.SetWord(file.NewestRecord() + 64 + 24, length);
        file.Repair(fields: true);
        using CheckpointReader reader = file.Open();
        Epoch epoch = reader.OpenNewest();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Exception refused = Assert.ThrowsAny<PageStoreException>(() => epoch.ReadWrittenSet().Dispose());
        Assert.True(refused is CorruptDataException or UnsupportedException);
        Assert.NotEmpty(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void Verify_reports_a_spare_header_that_was_forged()
    {
        var file = new ForgedFile("seed-kinds");
        file.SetWord(Layout.HeaderCopyOffset + 32, 17);
        file.Repair();
        using CheckpointReader reader = file.Open();
        Assert.Contains(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage, damage => damage.Offset == Layout.HeaderCopyOffset);
    }

    /// <summary>Four times 2^62 is 0 in 64 bits, which must not pass for the page count.</summary>
    [Fact]
    public void Counts_whose_sum_overflows_are_refused()
    {
        var file = new ForgedFile("seed-kinds");
        long record = file.NewestRecord();
        file.SetWord(record + 144, (1L << 62) + 200);
        for (long count = record + 152; count <= record + 168; count += 8)
        {
            file.SetWord(count, 1L << 62);
        }

        file.Repair();
        using CheckpointReader reader = file.Open();
        Assert.Throws<CorruptDataException>(() => reader.OpenNewest());
    }

    /// <summary>A tree of height 7 has 2^42 keys; a root that is neither absent nor a node must not stand for all of them.</summary>
    [Theory]
    [InlineData(72)]
    [InlineData(96)]
    public void Verify_does_not_visit_every_key_of_a_forged_root(int tree)
    {
        var file = new ForgedFile("seed-kinds");
        file.SetEntry(file.Slot + tree, new Entry(0, 1));
        file.SetWord(file.Slot + tree + 16, TreeRoot.MaxHeight);
        file.SetWord(file.Slot + tree + 16 + Layout.SlotSize, TreeRoot.MaxHeight);
        file.Repair();
        using CheckpointReader reader = file.Open();
        Assert.Contains(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage, damage => damage.Message.Contains("the root of a tree is", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Verify_reports_an_epoch_whose_id_cannot_be(int id)
    {
        var file = new ForgedFile("seed-kinds");
        long directory = file.Entry(file.Slot + 72).Offset;
        file.SetWord(directory + 8, 1L << id);
        file.Repair(fields: true);
        using CheckpointReader reader = file.Open();
        Assert.Contains(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage, damage => damage.Message.Contains($"holds an epoch {id},", StringComparison.Ordinal));
    }
}
