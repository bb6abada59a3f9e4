using PageStore.Fuzz;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>The fuzzer changes what its seeds have: a feature of the file that none of them has would not be tried.</summary>
public sealed class CheckpointSeedsTests
{
    private static readonly Dictionary<string, byte[]> Seeds = CheckpointSeeds.All().ToDictionary(seed => seed.Name, seed => seed.Input);

    [Fact]
    public void Together_the_seeds_have_pages_of_each_kind()
    {
        HashSet<EntryKind> kinds = [.. Seeds.Keys.Where(name => name != "seed-encrypted").SelectMany(name => Leaves(RootOf(name), TreeKind.PageTable)).Select(leaf => leaf.Kind)];
        Assert.Superset(new HashSet<EntryKind> { EntryKind.Absent, EntryKind.Zero, EntryKind.Repeated, EntryKind.Raw, EntryKind.Lz4 }, kinds);
    }

    [Fact]
    public void The_patches_have_patched_nodes_and_labels()
    {
        FileRoot root = RootOf("seed-patches");
        EpochRecord[] records = [.. root.Records()];
        Span<Entry> entries = new Entry[TreeRoot.FanOut];
        int patched = 0;
        foreach (EpochRecord record in records)
        {
            root.Nodes.Read(record.PageTable.Root, TreeKind.PageTable, record.PageTable.Height, 0, entries);
            root.Nodes.Read(entries[0], TreeKind.PageTable, 1, 0, entries, out Entry baseEntry);
            patched += baseEntry.Kind == EntryKind.Node ? 1 : 0;
        }

        Assert.Equal(2, patched);
        Assert.Contains(records, record => record.Label is null);
        Assert.Contains(records, record => record.Label == "naïve ☃");
    }

    [Fact]
    public void The_pruned_file_has_dropped_epochs_and_free_segments()
    {
        FileRoot root = RootOf("seed-pruned");
        Assert.Equal([2L, 3L], root.DirectoryEntries().Where(pair => pair.Entry.Kind == EntryKind.Dropped).Select(pair => pair.Id.Value));
        Assert.Contains(Leaves(root, TreeKind.SegmentTable), leaf => SegmentEntry.FromEntry(leaf, root.Header.SegmentSize)!.Value.Class == SegmentClass.Free);
    }

    [Fact]
    public void The_packs_have_pages_of_each_kind()
    {
        using CheckpointReader reader = CheckpointReader.Open(new ImageStorage(SparseImage.Parse(Seeds["seed-packs"])));
        Assert.Equal([6L, 4L, null], reader.Epochs().Select(info => info.Pack?.Pages));
        using Epoch epoch = reader.OpenEpoch(new EpochId(1));
        var classes = new PageClass[8];
        Assert.Equal(6, epoch.OpenPack()!.ReadNext(new byte[8 * 4096], new Pfn[8], classes));
        Assert.Superset(new HashSet<PageClass>(Enum.GetValues<PageClass>()), classes.Take(6).ToHashSet());
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void The_sets_have_chunks_of_each_form()
    {
        EpochRecord second = RootOf("seed-sets").TryReadRecord(new EpochId(2))!;
        Assert.True(second.Written.Length > 0 && second.Read.Length > 0);
        Assert.Equal(70_000, RootOf("seed-sets").TryReadRecord(new EpochId(1))!.PagesWritten);
    }

    [Fact]
    public void The_encrypted_file_opens_with_the_fuzzers_key_and_is_changed_below_its_seals()
    {
        byte[] seed = Seeds["seed-encrypted"];
        using (CheckpointReader reader = Open(seed))
        {
            Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
            Assert.Equal([1L, 3L], reader.Epochs().Select(info => info.Id.Value));
        }

        // An image whose blocks were opened and sealed again is as good as before; many changed ones still open.
        var random = new Random(1);
        int open = Enumerable.Range(0, 200).Count(_ => Opens(ImageMutator.Mutate(seed, seed, random, 1 << 16)));
        Assert.InRange(open, 50, 200);
    }

    private static bool Opens(byte[] image)
    {
        try
        {
            using CheckpointReader reader = Open(image);
            return reader.Epochs().Count() > 1;
        }
        catch (PageStoreException)
        {
            return false;
        }
    }

    private static CheckpointReader Open(byte[] image) =>
        CheckpointReader.Open(new ImageStorage(SparseImage.Parse(image)), new CheckpointReaderOptions { Key = ImageSeals.Key });

    private static FileRoot RootOf(string seed)
    {
        var storage = new ImageStorage(SparseImage.Parse(Seeds[seed]));
        return FileRoot.Find(storage, FileRoot.ReadHeader(storage));
    }

    private static List<Entry> Leaves(FileRoot root, TreeKind kind)
    {
        List<Entry> leaves = [];
        foreach (TreeRoot tree in kind == TreeKind.SegmentTable ? [root.Slot.Segments] : root.Records().Select(record => record.PageTable))
        {
            new TreeDiff(root.Nodes, kind, (_, _, entry) => leaves.Add(entry)).Run(default, tree);
        }

        return leaves;
    }
}
