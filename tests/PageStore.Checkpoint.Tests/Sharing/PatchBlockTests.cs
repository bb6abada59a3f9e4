using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>A patch gives its page, or is refused: whatever bytes stand there.</summary>
public sealed class PatchBlockTests
{
    private const int PageSize = 4096;

    private static readonly Entry Base = Entry.RawOf(Layout.SegmentsOffset, new ContentSum(7), GuestPageType.Normal);

    [Property(MaxTest = 500)]
    public void Hostile_blocks_never_leave_the_page(int seed, bool fixesCheck)
    {
        var random = new Random(seed);
        byte[] block = new byte[random.Next(0, 400)];
        random.NextBytes(block);
        if (fixesCheck && block.Length >= PatchBlock.HeadSize)
        {
            PatchBlock.WriteHead(block, Base, random.Next(0, 420), (PatchBlock.Method)random.Next(0, 4), random.Next(4, 15));
        }

        // Guards on both sides: what is written outside shows.
        byte[] memory = new byte[3 * PageSize];
        Array.Fill(memory, (byte)0xA5);
        bool isPatch = false;
        try
        {
            PatchBlock.ReadBase(block, 0);
            isPatch = PatchBlock.TryApply(block, memory.AsSpan(PageSize, PageSize), new byte[PageSize]);
        }
        catch (CorruptDataException)
        {
            Assert.False(fixesCheck && block.Length >= PatchBlock.HeadSize);
        }

        Assert.True(!isPatch || fixesCheck);
        Assert.Equal(-1, memory.AsSpan(0, PageSize).IndexOfAnyExcept((byte)0xA5));
        Assert.Equal(-1, memory.AsSpan(2 * PageSize).IndexOfAnyExcept((byte)0xA5));
    }

    [Theory]
    [InlineData((byte)EntryKind.Patch)]
    [InlineData((byte)EntryKind.External)]
    [InlineData((byte)EntryKind.Node)]
    [InlineData((byte)EntryKind.Absent)]
    public void A_base_is_stored_whole(byte kind)
    {
        byte[] block = new byte[64];
        Entry entry = kind == (byte)EntryKind.Absent ? Entry.Absent : Entry.BlockOf((EntryKind)kind, Layout.SegmentsOffset, 64, new ContentSum(1));
        PatchBlock.WriteHead(block, entry, 16, PatchBlock.Method.Stored, 6);
        CorruptDataException damage = Assert.Throws<CorruptDataException>(() => PatchBlock.ReadBase(block, 4711));
        Assert.Contains($"entry kind {kind}", damage.Message, StringComparison.Ordinal);
        Assert.Equal(4711, damage.Offset);
    }

    [Fact]
    public void A_changed_head_is_found_without_reading_the_page()
    {
        byte[] block = new byte[64];
        PatchBlock.WriteHead(block, Base, 16, PatchBlock.Method.Stored, 6);
        Assert.Equal(Base, PatchBlock.ReadBase(block, 0));
        for (int bit = 0; bit < 8 * PatchBlock.HeadSize; bit++)
        {
            block[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<CorruptDataException>(() => PatchBlock.ReadBase(block, 0));
            block[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }
}
