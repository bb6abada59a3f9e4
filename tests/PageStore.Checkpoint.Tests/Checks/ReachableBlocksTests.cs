using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>The marker against a naive one: ranges in a dictionary, every epoch walked as a whole.</summary>
public sealed class ReachableBlocksTests
{
    [Property(MaxTest = 100, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Live_bytes_are_those_of_a_naive_walk(History history)
    {
        var written = WrittenHistory.Of(history);
        FileRoot root = written.Root();
        var naive = new NaiveBlocks(root);
        IReadOnlyList<ReachableBlock> blocks = ReachableBlocks.List(root);

        Assert.Equal(naive.Ranges, blocks.ToDictionary(block => block.Offset, block => block.StoredBytes));
        Assert.Equal(naive.LiveBytes(history.SegmentSize), ReachableBlocks.Measure(root));

        // No two overlap, and each page is named with a number of an epoch that has it there.
        long end = 0;
        foreach (ReachableBlock block in blocks.OrderBy(block => block.Offset))
        {
            Assert.True(block.Offset >= end, $"{block} begins before {end}");
            end = block.Offset + block.StoredBytes;
            if (block.Kind == BlockKind.Page)
            {
                Entry entry = new Epoch(root, root.TryReadRecord(block.Epoch)!).BindCursor(block.Pfn).Get(block.Pfn.Value);
                Assert.True(block.Offset == entry.Offset || block.Offset == root.Nodes.Blocks.ReadBase(entry, block.Pfn.Value).Offset);
            }
        }
    }

    [Fact]
    public void Blocks_marked_twice_are_known_and_parts_of_them_are_overlaps()
    {
        // One block of one granule, one across two windows, one behind it.
        var map = new BlockMap(16);
        const long border = 16L * BlockWindow.Granules * 3;
        (long Offset, int Bytes)[] blocks = [(border - 4096, 16), (border - 2048, 4096), (border + 2048, 65536)];
        Assert.All(blocks, block => Assert.Equal(BlockMark.New, map.Mark(block.Offset, block.Bytes, isIndex: false)));
        Assert.All(blocks, block => Assert.Equal(BlockMark.Known, map.Mark(block.Offset, block.Bytes, isIndex: false)));
        Assert.All(blocks, block => Assert.Equal(BlockMark.Overlap, map.Mark(block.Offset, block.Bytes, isIndex: true)));
        Assert.All(blocks, block => Assert.Equal(BlockMark.Overlap, map.Mark(block.Offset, block.Bytes + 16, isIndex: false)));
        Assert.All(blocks[1..], block => Assert.Equal(BlockMark.Overlap, map.Mark(block.Offset, block.Bytes - 16, isIndex: false)));
        Assert.All(blocks[1..], block => Assert.Equal(BlockMark.Overlap, map.Mark(block.Offset + 16, block.Bytes - 16, isIndex: false)));
        Assert.Equal(BlockMark.Overlap, map.Mark(border - 2064, 32, isIndex: false));
        Assert.Equal(BlockMark.New, map.Mark(border - 2064, 16, isIndex: true));
        Assert.True(map.Expand(border - 2064));
        Assert.False(map.Expand(border - 2064));
    }

    private sealed class NaiveBlocks
    {
        private readonly FileRoot _root;
        private readonly HashSet<long> _meta = [];

        public NaiveBlocks(FileRoot root)
        {
            _root = root;
            Tree(root.Slot.Segments, TreeKind.SegmentTable, _ => { }, offset => _meta.Add(offset));
            Tree(root.Slot.Directory, TreeKind.EpochDirectory, entry => Put(entry.Offset, entry.StoredBytes), offset => _meta.Add(offset));
            foreach (EpochRecord record in root.Records())
            {
                Tree(record.PageTable, TreeKind.PageTable, PutPage);
                foreach (BlobRef blob in record.Sections.Select(section => section.Content).Append(record.Written).Append(record.Read).Append(record.Pack?.Plan ?? default))
                {
                    int left = (int)blob.Length;
                    Tree(blob.Tree, TreeKind.Blob, entry =>
                    {
                        int plain = Math.Min(left, 65536);
                        left -= plain;
                        Put(entry.Offset, entry.Kind == EntryKind.Raw ? (plain + 15) / 16 * 16 : entry.StoredBytes);
                    });
                }

                foreach (Extent extent in record.Pack?.Extents ?? [])
                {
                    Put(extent.Offset, (int)extent.Length);
                }
            }
        }

        public SortedDictionary<long, int> Ranges { get; } = [];

        public Dictionary<long, long> LiveBytes(long segmentSize) => Ranges.Where(range => !_meta.Contains(range.Key))
            .GroupBy(range => (range.Key - 131072) / segmentSize).OrderBy(group => group.Key).ToDictionary(group => group.Key, group => group.Sum(range => (long)range.Value));

        /// <summary>A page's block; of a patch the base as well, whose entry stands at its front.</summary>
        private void PutPage(Entry entry)
        {
            bool isRaw = entry.Kind == EntryKind.Raw || (entry.Kind == EntryKind.Shared && entry.LengthField == 0);
            Put(entry.Offset, isRaw ? _root.Header.PageSize : entry.StoredBytes);
            if (entry.Kind == EntryKind.Patch)
            {
                Span<byte> front = stackalloc byte[Entry.Size];
                _root.Nodes.Blocks.ReadRange(entry.Offset, front);
                PutPage(Entry.Read(front));
            }
        }

        private void Put(long offset, int bytes)
        {
            Assert.True(Ranges.TryAdd(offset, bytes) || Ranges[offset] == bytes, "one place, two sizes");
        }

        private void Tree(TreeRoot tree, TreeKind kind, Action<Entry> leaf, Action<long>? node = null) => Visit(tree.Root, kind, tree.Height, 0, leaf, node);

        private void Visit(Entry entry, TreeKind kind, int level, long number, Action<Entry> leaf, Action<long>? node)
        {
            if (level == 0)
            {
                if (entry.Kind is EntryKind.Raw or EntryKind.Lz4 or EntryKind.Patch or EntryKind.Shared or EntryKind.Record)
                {
                    leaf(entry);
                }
            }
            else if (entry.Kind == EntryKind.Node)
            {
                node?.Invoke(entry.Offset);
                Put(entry.Offset, entry.StoredBytes);
                Node read = default;
                _root.Nodes.ReadWithBase(entry, kind, level, number, ref read);
                if (read.BaseEntry != entry)
                {
                    node?.Invoke(read.BaseEntry.Offset);
                    Put(read.BaseEntry.Offset, read.BaseEntry.StoredBytes);
                }

                for (int slot = 0; slot < 64; slot++)
                {
                    Visit(read.Entries[slot], kind, level - 1, (number * 64) + slot, leaf, node);
                }
            }
        }
    }
}
