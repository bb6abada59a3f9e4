using System.Buffers.Binary;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// Files whose sums are all right and whose numbers lie: reading and verifying ends soon, with damage or what is not supported, and
/// takes no memory that a number asked for.
/// </summary>
public sealed class HostileFileTests
{
    /// <summary>The most that reading a small file may allocate, hostile or not.</summary>
    private const long MaxAllocated = 256L << 20;

    private const long Huge = 1L << 40;

    public static TheoryData<string> Attacks => [.. AllAttacks.Keys];

    private static Dictionary<string, Func<byte[]>> AllAttacks => new()
    {
        ["directory: a leaf kind above the leaves"] = () => EditDirectory(s => PutTree(s.Slot[72..], new Entry((ulong)EntryKind.Record << 60, 1), 7)),
        ["directory: zero as a whole"] = () => EditDirectory(s => PutTree(s.Slot[72..], Entry.Zero, 7)),
        ["directory: node of another height"] = () => Edit(s => s.Slot[72 + 16] = 7),
        ["segment table: zero as a whole"] = () => Edit(s => PutTree(s.Slot[96..], Entry.Zero, 7)),
        ["segment table: height out of range"] = () => Edit(s => s.Slot[96 + 16] = 8),
        ["directory: key 0"] = () => EditDirectory(s => BinaryPrimitives.WriteUInt64LittleEndian(s.DirectoryNode[8..], 1)),
        ["directory: a key that was never given"] = () => EditDirectory(s => BinaryPrimitives.WriteUInt64LittleEndian(s.DirectoryNode[8..], 1UL << 60)),
        ["directory: refers to itself"] = () => EditDirectory(s => Entry.Read(s.Slot[72..]).Write(s.DirectoryNode[^Entry.Size..])),
        ["slot: epochs to come beyond the directory"] = () => Edit(s => PutNumber(s.Slot, 40, long.MaxValue)),
        ["slot: negative numbers"] = () => Edit(s => PutNumber(s.Slot, 56, -1)),
        ["slot: data end behind the file"] = () => Edit(s => PutNumber(s.Slot, 32, 131072 + (3 << 16))),
        ["slot: huge number of segments"] = () => Edit(s => PutNumber(s.Slot, 144, long.MaxValue)),
        ["record: the root is a leaf of kind 5"] = () => Edit(s => PutTree(s.Record[40..], new Entry(5UL << 60, 1), 1)),
        ["record: the root is of kind 15"] = () => Edit(s => PutTree(s.Record[40..], new Entry(15UL << 60, 1), 1)),
        ["record: W of 2^40 bytes"] = () => Edit(s => PutBlob(s.Record[64..], Entry.RepeatedOf(1, 0), Huge)),
        ["record: guest of 2^40 zero pages, W of 2^30 bytes"] = () => Edit(s =>
        {
            MakeHuge(s);
            PutBlob(s.Record[64..], Entry.Absent, 1L << 30);
        }),
        ["record: guest of 2^40 zero pages, W of 2^36 bytes"] = () => Edit(s =>
        {
            MakeHuge(s);
            PutBlob(s.Record[64..], Entry.Absent, 1L << 36);
        }),
        ["record: counts overflow"] = () => Edit(s =>
        {
            PutNumber(s.Record, 144, long.MaxValue);
            PutNumber(s.Record, 152, long.MaxValue);
        }),
        ["record: an item longer than the record"] = () => Edit(s => PutNumber(s.Record, 224, unchecked((long)0xFFFF_FFF9_0000_0001))),
        ["record: its own parent"] = () => Edit(s => PutNumber(s.Record, 16, 1)),
        ["page table: refers to itself"] = () => Edit(s => Entry.Read(s.Record[40..]).Write(s.PageNode[32..])),
        ["page table: a block in the header"] = () => Edit(s => Entry.RawOf(0, new ContentSum(1), 0).Write(s.PageNode[32..])),
        ["page table: a block behind 256 TiB"] = () => Edit(s => new Entry(3UL << 60 | ((1UL << 44) - 1), 1).Write(s.PageNode[32..])),
        ["page table: a shared page"] = () => Edit(s => new Entry(6UL << 60 | 8192, 1).Write(s.PageNode[32..])),
        ["page table: a patch on a patch"] = () => Edit(s =>
        {
            s.PageNode[0] = 2;
            Entry.Read(s.Record[40..]).Write(s.PageNode[16..]);
        }),
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public void A_lying_file_with_right_sums_is_refused_or_read_within_bounds(string attack)
    {
        byte[] file = AllAttacks[attack]();
        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadEverything(file);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < MaxAllocated, $"{allocated} bytes");
    }

    [Fact]
    public void The_surgeon_leaves_a_file_that_he_does_not_cut_intact()
    {
        byte[] file = Edit(_ => { });
        Reading reading = Reading.Of(new BytesStorage(file, file.Length));
        Assert.True(reading.Complete);
        Assert.True(reading.Verified!.Ok);
    }

    [Theory]
    [InlineData("directory: key 0")]
    [InlineData("directory: a key that was never given")]
    [InlineData("directory: zero as a whole")]
    [InlineData("record: the root is of kind 15")]
    public void Verify_reports_what_readers_do_not_walk_into(string attack)
    {
        byte[] file = AllAttacks[attack]();
        using var reader = CheckpointReader.Open(new BytesStorage(file, file.Length));
        Assert.NotEmpty(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    /// <summary>All that can be called; each part may be refused.</summary>
    private static void ReadEverything(byte[] file)
    {
        Refusable(() =>
        {
            using var reader = CheckpointReader.Open(new BytesStorage(file, file.Length));
            Refusable(() => reader.Epochs().Take(100).ToArray());
            Refusable(() => reader.Verify(cancellationToken: TestContext.Current.CancellationToken));
            Refusable(() => reader.OpenEpoch(new EpochId(long.MaxValue)));
            Refusable(() => ReadEpoch(reader.OpenEpoch(new EpochId(1))));
        });
        Refusable(() => CheckpointWriter.Open(new BytesStorage(file, file.Length), new()).Dispose());
    }

    private static void ReadEpoch(Epoch epoch)
    {
        byte[] page = new byte[epoch.PageSize];
        for (long pfn = 0; pfn < Math.Min(epoch.PageCount, 64); pfn++)
        {
            var at = new Pfn(pfn);
            Refusable(() => epoch.ReadPage(at, page));
            Refusable(() => epoch.GetPageInfo(at));
        }

        Refusable(() => epoch.DataRuns().Take(100).ToArray());
        Refusable(() => epoch.ReadWrittenSet().Dispose());
        Refusable(() => epoch.ReadReadSet()?.Dispose());
        foreach (StateInfo state in epoch.Info.States)
        {
            Refusable(() => epoch.OpenState(state.Name).CopyTo(Stream.Null));
        }
    }

    private static void Refusable(Action action)
    {
        try
        {
            action();
        }
        catch (Exception refusal) when (refusal is CorruptDataException or UnsupportedException or KeyNotFoundException)
        {
        }
    }

    private static byte[] Edit(Action<FileSurgeon> cut)
    {
        var surgeon = new FileSurgeon(Original());
        cut(surgeon);
        return surgeon.Close();
    }

    private static byte[] EditDirectory(Action<FileSurgeon> cut)
    {
        var surgeon = new FileSurgeon(Original());
        cut(surgeon);
        return surgeon.CloseAboveRecord();
    }

    private static byte[] Original()
    {
        var file = new MemoryFile();
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions { SegmentSize = 1 << 16 }))
        {
            using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { PageCount = 9, Label = "original" });
            byte[] pages = new byte[2 * 4096];
            new Random(5).NextBytes(pages);
            builder.WritePages(new Pfn(0), pages);
            builder.AddState("state", new MemoryStream([1, 2, 3]));
            builder.Commit();
        }

        return file.ToArray();
    }

    private static void PutNumber(Span<byte> block, int offset, long value) => BinaryPrimitives.WriteInt64LittleEndian(block[offset..], value);

    private static void PutTree(Span<byte> field, Entry root, int height) => new TreeRoot(root, height).Write(field);

    private static void PutBlob(Span<byte> field, Entry root, long length) =>
        new BlobRef(new TreeRoot(root, TreeRoot.HeightFor(BlobRef.ChunkCount(length))), length).Write(field);

    private static void MakeHuge(FileSurgeon s)
    {
        PutNumber(s.Record, 32, Huge);
        PutTree(s.Record[40..], Entry.Zero, 7);
        PutNumber(s.Record, 128, Huge);
        PutNumber(s.Record, 144, 0);
        PutNumber(s.Record, 152, Huge);
        PutNumber(s.Record, 160, 0);
        PutNumber(s.Record, 168, 0);
    }
}
