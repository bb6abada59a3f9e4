using System.Buffers.Binary;
using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>The deep check finds nothing in what the library writes, and finds each of the contradictions that it is there for.</summary>
public sealed class DeepVerifierTests
{
    [Property(MaxTest = 100, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Written_histories_are_clean_and_all_used_bytes_are_accounted_for(History history)
    {
        var written = WrittenHistory.Of(history);
        using CheckpointReader reader = Open(written.File);
        VerifyReport report = reader.VerifyDeep();
        Assert.Empty(report.Damage);
        IReadOnlyList<ReachableBlock> blocks = ReachableBlocks.List(written.Root());
        Assert.Equal(blocks.Sum(block => (long)block.StoredBytes), report.Space!.LiveBytes + report.Space.MetaBytes);
        Assert.Equal(blocks.Where(block => block.Kind == BlockKind.MetaNode).Sum(block => (long)block.StoredBytes), report.Space.MetaBytes);
        Assert.InRange(report.Space.DeadBytes, 0, written.File.Length - report.Space.LiveBytes - report.Space.MetaBytes);
        Assert.Null(reader.Verify().Space);
    }

    [Fact]
    public void Blocks_of_a_page_that_was_written_twice_are_dead()
    {
        PageStep once = new(0, 3, Filling.Random, default, 1);
        Assert.Equal(4096, DeadBytes(once, new PageStep(1, 1, Filling.Random, default, 9)) - DeadBytes(once));

        static long DeadBytes(params PageStep[] steps)
        {
            using CheckpointReader reader = Open(WrittenHistory.Of(new History { Epochs = [new EpochPlan { PageCount = 4, Steps = steps }] }).File);
            return reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Space!.DeadBytes;
        }
    }

    [Theory]
    [InlineData(144, "counts")] // absent and zero pages of the record
    [InlineData(160, "counts")] // repeated and data pages
    public void Wrong_counts_are_found(int offset, string words) => Finds(words, surgeon =>
    {
        Add(surgeon.Record[offset..], -1);
        Add(surgeon.Record[(offset + 8)..], 1);
    });

    [Fact]
    public void Padding_of_a_record_that_is_not_zero_is_found() => Finds("padding", surgeon => surgeon.Record[^1] = 1);

    [Theory]
    [InlineData(0x10000)]
    [InlineData(int.MaxValue)]
    [InlineData(-1)]
    public void Item_that_is_longer_than_its_record_is_reported_and_not_thrown(int length)
    {
        var surgeon = new FileSurgeon(WrittenHistory.Of(Small).File);
        BinaryPrimitives.WriteInt32LittleEndian(surgeon.Record[(EpochRecord.FixedSize + 4)..], length);
        using CheckpointReader reader = Open(surgeon.Close());
        VerifyReport report = reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains(report.Damage, damage => damage.Message.Contains("longer than the record", StringComparison.Ordinal));
        Assert.DoesNotContain(report.Damage, damage => damage.Message.Contains("padding", StringComparison.Ordinal));
    }

    [Fact]
    public void Pages_of_two_numbers_in_one_place_of_the_file_that_overlap_are_found() => Finds("overlaps", surgeon =>
    {
        // The page's entry comes to name 16 bytes more than its block has; no reader minds.
        Span<byte> node = surgeon.PageNode;
        int entry = FindEntry(node, EntryKind.Lz4);
        BinaryPrimitives.WriteUInt64LittleEndian(node[entry..], BinaryPrimitives.ReadUInt64LittleEndian(node[entry..]) + (1UL << 44));
    });

    [Fact]
    public void Page_that_differs_from_the_parents_and_is_not_in_the_written_set_is_found()
    {
        // Epoch 2 becomes a child of epoch 1, of which it shares nothing.
        var history = new History
        {
            Epochs =
            [
                new EpochPlan { PageCount = 3, Steps = [new PageStep(0, 3, Filling.Random, default, 1)] },
                new EpochPlan { Parent = 1, PageCount = 3, Steps = [new PageStep(2, 1, Filling.Random, default, 2)] },
            ],
        };
        var surgeon = new FileSurgeon(WrittenHistory.Of(history).File);
        BinaryPrimitives.WriteInt64LittleEndian(surgeon.Record[16..], 1);
        AssertFound(surgeon.Close(), "2 pages differ");
    }

    [Fact]
    public void Account_that_says_something_else_than_is_live_is_found()
    {
        Assert.NotNull(SegmentAccounts.WhatIsWrong(0, null, 16, 16, isComplete: true));
        Assert.Null(SegmentAccounts.WhatIsWrong(0, null, 0, 0, isComplete: true));
        var account = new SegmentEntry(SegmentClass.Packed, 1024, 512);
        Assert.Null(SegmentAccounts.WhatIsWrong(0, account, 512, 1024, isComplete: true));
        Assert.Contains("live", SegmentAccounts.WhatIsWrong(0, account, 528, 1024, isComplete: true), StringComparison.Ordinal);
        Assert.Contains("live", SegmentAccounts.WhatIsWrong(0, account, 496, 1024, isComplete: true), StringComparison.Ordinal);
        Assert.Null(SegmentAccounts.WhatIsWrong(0, account, 496, 1024, isComplete: false));
        Assert.Contains("used", SegmentAccounts.WhatIsWrong(0, account, 512, 1040, isComplete: true), StringComparison.Ordinal);
    }

    private static History Small => new()
    {
        Lz4 = true,
        Epochs =
        [
            new EpochPlan
            {
                PageCount = 20,
                Label = "an odd number of bytes",
                Steps =
                [
                    new PageStep(0, 3, Filling.Compressible, default, 1), new PageStep(4, 2, Filling.Zero, default, 1),
                    new PageStep(8, 2, Filling.Repeated, default, 1), new PageStep(12, 1, Filling.Random, default, 1),
                ],
            },
        ],
    };

    private static void Finds(string words, Action<FileSurgeon> change)
    {
        var surgeon = new FileSurgeon(WrittenHistory.Of(Small).File);
        change(surgeon);
        AssertFound(surgeon.Close(), words);
    }

    private static void AssertFound(byte[] file, string words)
    {
        using CheckpointReader reader = Open(file);
        Assert.Empty(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage);
        VerifyReport report = reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains(report.Damage, damage => damage.Message.Contains(words, StringComparison.Ordinal));
    }

    private static CheckpointReader Open(byte[] file) => CheckpointReader.Open(new BytesStorage(file, file.Length));

    private static int FindEntry(ReadOnlySpan<byte> node, EntryKind kind)
    {
        int at = NodeFormat.HeadSize;
        while (Entry.Read(node[at..]).Kind != kind)
        {
            at += Entry.Size;
        }

        return at;
    }

    private static void Add(Span<byte> number, long value) => BinaryPrimitives.WriteInt64LittleEndian(number, BinaryPrimitives.ReadInt64LittleEndian(number) + value);
}
