using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>The look at bytes that no sum covers, at entries that cannot be: whoever holds the key can write them, and a fuzzer does.</summary>
public sealed class PaddingCheckTests
{
    [Theory]
    [InlineData(EntryKind.Record, BlockKind.Record, Layout.Unit)]
    [InlineData(EntryKind.Record, BlockKind.Record, SealedBlock.Overhead)]
    [InlineData(EntryKind.Lz4, BlockKind.Page, Layout.Unit)]
    internal void Sealed_block_that_is_no_longer_than_its_seal_is_wrong(EntryKind kind, BlockKind block, int storedBytes)
    {
        FileRoot root = Sealed().Root();
        var entry = Entry.BlockOf(kind, Layout.SegmentsOffset, storedBytes, default);
        CorruptDataException damage = Assert.Throws<CorruptDataException>(
            () => new PaddingCheck(root).WhatIsWrong(new ReachableBlock(entry.Offset, storedBytes, block, new EpochId(1), default, entry, storedBytes)));
        Assert.Contains($"a sealed block of {storedBytes} bytes", damage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Blocks_that_the_writer_sealed_are_right()
    {
        FileRoot root = Sealed().Root();
        var check = new PaddingCheck(root);
        IReadOnlyList<ReachableBlock> blocks = ReachableBlocks.List(root);
        Assert.Contains(blocks, block => block.Kind == BlockKind.Record);
        Assert.All(blocks, block => Assert.Null(check.WhatIsWrong(block)));
    }

    private static WrittenHistory Sealed() => WrittenHistory.Of(new History
    {
        Encrypted = true,
        Epochs = [new EpochPlan { PageCount = 2, Steps = [new PageStep(0, 2, Filling.Random, default, 1)] }],
    });
}
