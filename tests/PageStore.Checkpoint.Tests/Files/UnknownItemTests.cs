using System.Buffers.Binary;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What a later version says of an epoch in an optional item outlives each time that this one writes the epoch's record anew.</summary>
public sealed class UnknownItemTests
{
    private const int Pages = 400;
    private const ushort LabelTag = 1;
    private const ushort PackTag = 3;

    /// <summary>No multiple of 8 bytes, so that there is padding.</summary>
    private const string Body = "what a later version says";

    [Fact]
    public void Packs_come_and_go_beside_it()
    {
        (MemoryFile file, byte[] item) = FileWith(0x7001, epochs: 1);
        using CheckpointWriter writer = CheckpointWriter.Open(new MemoryStorage(file), Options);
        writer.WritePack(Plan(1), TestContext.Current.CancellationToken);
        AssertHolds(file, 1, item, packed: true);
        writer.WritePack(Plan(1), TestContext.Current.CancellationToken);
        AssertHolds(file, 1, item, packed: true);
        Assert.True(writer.DropPack(new EpochId(1)));
        AssertHolds(file, 1, item, packed: false);
    }

    [Theory]
    [InlineData(0x7001)]
    [InlineData(PackTag)]
    public void Its_epoch_moves_with_it(int tag)
    {
        const int epochs = 40;
        (MemoryFile file, byte[] item) = FileWith((ushort)tag, epochs);
        long before = RecordOf(file, epochs).Offset;
        using CheckpointWriter writer = CheckpointWriter.Open(new MemoryStorage(file), Options);
        writer.Prune(new PrunePolicy { KeepLast = 1 });
        Assert.NotEqual(before, RecordOf(file, epochs).Offset);
        AssertHolds(file, epochs, item, packed: false);
    }

    [Fact]
    public void Pack_takes_the_place_of_one_of_another_version()
    {
        (MemoryFile file, byte[] item) = FileWith(PackTag, epochs: 1);
        using CheckpointWriter writer = CheckpointWriter.Open(new MemoryStorage(file), Options);
        Assert.False(writer.DropPack(new EpochId(1)));
        AssertHolds(file, 1, item, packed: false);
        writer.WritePack(Plan(1), TestContext.Current.CancellationToken);
        EpochRecord record = RecordOf(file, 1);
        Assert.NotNull(record.Pack);
        Assert.Empty(record.Unknown);
    }

    private static CheckpointWriterOptions Options => new() { SegmentSize = 1 << 16 };

    private static ResumePlan Plan(long epoch) => new(new EpochId(epoch), [.. Enumerable.Range(0, 20).Select(page => new Pfn(page))], 20);

    /// <summary>Epochs that overwrite each other page by page, the last of which has the item in the place of its label; and the item.</summary>
    private static (MemoryFile File, byte[] Item) FileWith(ushort tag, int epochs)
    {
        var file = new MemoryFile();
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), Options))
        {
            for (int id = 1; id <= epochs; id++)
            {
                using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest, PageCount = Pages, Label = id == epochs ? Body : null });
                byte[] page = new byte[PageSizes.Default];
                for (int i = 0; i < (id == 1 ? Pages : 20); i++)
                {
                    BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(8), (id * Pages) + i + 1);
                    builder.WritePages(new Pfn(id == 1 ? i : ((id * 20) + i) * 2 % Pages), page);
                }

                builder.Commit();
            }
        }

        var surgeon = new FileSurgeon(file.ToArray());
        Span<byte> item = surgeon.Record[EpochRecord.FixedSize..][..EpochRecordFormat.ItemSize(Body.Length)];
        Assert.Equal(LabelTag, BinaryPrimitives.ReadUInt16LittleEndian(item));
        BinaryPrimitives.WriteUInt16LittleEndian(item, tag);
        byte[] kept = item.ToArray();
        return (new MemoryFile(surgeon.Close()), kept);
    }

    private static EpochRecord RecordOf(MemoryFile file, long id)
    {
        var storage = new MemoryStorage(file);
        return FileRoot.Find(storage, FileRoot.OpenHeader(storage, null)).TryReadRecord(new EpochId(id))!;
    }

    /// <summary>Looks for the bytes themselves, and has the file checked as a whole.</summary>
    private static void AssertHolds(MemoryFile file, long id, byte[] item, bool packed)
    {
        EpochRecord record = RecordOf(file, id);
        Assert.Equal(packed, record.Pack is not null);
        Assert.True(file.Content.Slice((int)record.Offset, record.StoredBytes).IndexOf(item) >= EpochRecord.FixedSize, "the item is not in the record");
        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file));
        Assert.Empty(reader.VerifyDeep().Damage);
    }
}
