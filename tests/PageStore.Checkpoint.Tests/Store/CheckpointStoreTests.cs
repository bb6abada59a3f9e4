using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What a store refuses, what it finds damaged, and what it costs.</summary>
public sealed class CheckpointStoreTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Domains_share_nothing_and_one_domain_shares_all()
    {
        using CheckpointStore store = _folder.Open();
        _folder.Add(store, "a", "x", [1, 2, 3]);
        _folder.Add(store, "b", "x", [3, 2, 1, 4]);
        Assert.Equal((4, 3), (store.Measure().Blocks, store.Measure().SharedBlocks));
        _folder.Add(store, "c", "y", [1, 2, 3]);
        Assert.Equal((7, 3), (store.Measure().Blocks, store.Measure().SharedBlocks));
        Assert.Equal((3, 2), (store.Measure().Checkpoints, store.Measure().Domains));
        _folder.AssertMatches(store);
    }

    [Fact]
    public void The_domain_is_the_guests_own_unless_one_is_named()
    {
        using CheckpointStore store = _folder.Open();
        string file = _folder.WriteFile([[1, 2]]);
        using CheckpointReader reader = CheckpointReader.Open(file);
        Assert.Equal($"file-{reader.FileId}", store.Add(file, new StoreAddOptions { Name = "a" }, cancellationToken: Cancel).Checkpoint.Domain);
        var guest = new Guid("00112233-4455-6677-8899-aabbccddeeff");
        using (CheckpointWriter writer = CheckpointWriter.Open(file))
        {
            using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest, GuestId = guest });
            builder.Commit();
        }

        Assert.Equal($"guest-{guest}", store.Add(file, new StoreAddOptions { Name = "b" }, cancellationToken: Cancel).Checkpoint.Domain);
    }

    [Fact]
    public void A_name_is_there_once_and_is_free_again_when_it_is_removed()
    {
        using CheckpointStore store = _folder.Open();
        _folder.Add(store, "a", "x", [1, 2]);
        Assert.Contains("already", Assert.Throws<StorageException>(() => _folder.Add(store, "a", "x", [5])).Message);
        _folder.AssertMatches(store);
        _folder.Remove(store, "a");
        Assert.Throws<KeyNotFoundException>(() => store.Remove("a"));
        _folder.Add(store, "a", "x", [5, 1]);
        _folder.AssertMatches(store);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a.adding")]
    [InlineData("a\nb")]
    public void Names_that_are_no_file_names_are_refused(string name)
    {
        using CheckpointStore store = _folder.Open();
        Assert.Throws<ArgumentException>(() => store.Add(_folder.WriteFile([[1]]), new StoreAddOptions { Name = name }, cancellationToken: Cancel));
    }

    [Fact]
    public void An_encrypted_file_is_refused_by_name()
    {
        using CheckpointStore store = _folder.Open();
        string file = Path.Combine(_folder.Path, "..", "secret.pages");
        using (CheckpointKey key = CheckpointKey.FromBytes(new byte[32]))
        {
            CheckpointWriter.Create(file, new CheckpointWriterOptions { Key = key }).Dispose();
        }

        Assert.Contains("encrypted", Assert.Throws<UnsupportedException>(() => store.Add(file, cancellationToken: Cancel)).Message);
        Assert.Empty(store.List());
    }

    [Fact]
    public void A_damaged_file_is_not_added_and_leaves_nothing()
    {
        using CheckpointStore store = _folder.Open();
        string file = _folder.WriteFile([[2, 4, 6, 8]]);
        byte[] bytes = File.ReadAllBytes(file);
        bytes[131072 + 4096 + 7] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.Throws<CorruptDataException>(() => store.Add(file, cancellationToken: Cancel));
        store.Collect(maxDead: 0, Cancel);
        _folder.AssertNothingLeaks(store);
    }

    [Fact]
    public void A_folder_with_something_else_is_no_store()
    {
        Directory.CreateDirectory(_folder.Path);
        File.WriteAllText(Path.Combine(_folder.Path, "mine"), "x");
        Assert.Contains("mine", Assert.Throws<StorageException>(() => _folder.Open()).Message);
        Assert.Throws<StorageException>(() => CheckpointStore.Open(_folder.Path));
    }

    [Fact]
    public void A_file_away_from_its_store_says_so_and_reads_when_it_is_told()
    {
        using CheckpointStore store = _folder.Open();
        _folder.Add(store, "a", "x", [1, 2]);
        string away = Path.Combine(_folder.Path, "..", "away.pages");
        File.Copy(store.List()[0].Path, away);
        using (CheckpointReader lost = CheckpointReader.Open(away))
        {
            string message = Assert.Throws<StorageException>(() => lost.OpenNewest().ReadPage(new Pfn(0), new byte[4096])).Message;
            Assert.Contains(BlockHash.Of(StoreFolder.Content(1)).ToString(), message);
            Assert.Contains("--store", message);
        }

        byte[] page = new byte[4096];
        using CheckpointReader told = CheckpointReader.Open(away, new CheckpointReaderOptions { Store = _folder.Path });
        told.OpenNewest().ReadPage(new Pfn(1), page);
        Assert.Equal(StoreFolder.Content(2), page);
        Assert.Throws<UnsupportedException>(() => CheckpointWriter.Open(away));
        Assert.Throws<UnsupportedException>(() => CheckpointCompactor.CompactInPlace(away, cancellationToken: Cancel));
    }

    [Fact]
    public void A_damaged_pack_is_found_and_no_wrong_page_comes_out_of_it()
    {
        using CheckpointStore store = _folder.Open();
        _folder.Add(store, "a", "x", [2, 4, 6]);
        string pack = new StoreLayout(_folder.Path).Pack(1);
        byte[] bytes = File.ReadAllBytes(pack);
        bytes[PackHeader.Size + PackBlock.HeadSize + 5] ^= 1;
        File.WriteAllBytes(pack, bytes);
        using CheckpointReader reader = CheckpointReader.Open(store.List()[0].Path);
        Assert.Throws<CorruptDataException>(() => reader.OpenNewest().ReadPages(new Pfn(0), new byte[3 * 4096]));
        Assert.Single(reader.Verify(cancellationToken: Cancel).Damage);
    }

    [Fact]
    public void A_block_whose_name_is_another_contents_fails_the_verification()
    {
        using CheckpointStore store = _folder.Open();
        _folder.Add(store, "a", "x", [2, 4]);
        string path = store.List()[0].Path;
        byte[] file = File.ReadAllBytes(path);
        string pack = new StoreLayout(_folder.Path).Pack(1);
        byte[] bytes = File.ReadAllBytes(pack);

        // Somebody renames the block everywhere but in the content: only the hash itself tells.
        byte[] name = new byte[BlockHash.Size];
        BlockHash.Of(StoreFolder.Content(2)).Write(name);
        byte[] forged = [.. name];
        forged[0] ^= 1;
        forged.CopyTo(file, file.AsSpan().IndexOf(name));
        File.WriteAllBytes(path, file);
        PackBlock head = PackBlock.TryRead(bytes.AsSpan(PackHeader.Size))!.Value;
        (head with { Hash = BlockHash.Read(forged) }).Write(bytes.AsSpan(PackHeader.Size));
        File.WriteAllBytes(pack, bytes);
        using (StoreDatabase database = StoreDatabase.Open(new StoreLayout(_folder.Path).Database))
        {
            database.Prepare("UPDATE block SET hash = ?1 WHERE hash = ?2").Bind(1, forged).Bind(2, name).Run();
        }

        using CheckpointReader reader = CheckpointReader.Open(path);
        CorruptDataException damage = Assert.Single(reader.Verify(cancellationToken: Cancel).Damage);
        Assert.Contains("other content than its name says", damage.Message);
    }

    [Fact]
    public void A_reader_goes_on_while_a_collection_moves_its_blocks()
    {
        using CheckpointStore store = _folder.Open();
        _folder.Add(store, "a", "x", [2, 4, 6, 8, 10, 12]);
        _folder.Add(store, "b", "x", [4, 12]);
        using CheckpointReader reader = CheckpointReader.Open(store.List()[1].Path);
        _folder.Remove(store, "a");
        Assert.True(store.Collect(maxDead: 0, Cancel).BlocksMoved > 0);
        byte[] pages = new byte[2 * 4096];
        reader.OpenNewest().ReadPages(new Pfn(0), pages);
        Assert.Equal([.. StoreFolder.Content(4), .. StoreFolder.Content(12)], pages);
    }

    [Fact]
    public void Two_guests_of_one_system_take_what_an_exact_deduplication_takes_and_the_index_little_memory()
    {
        const int shared = 6000;
        const int own = 1200;
        using var folder = new StoreFolder { Settings = new StoreSettings() };
        using CheckpointStore store = folder.Open();
        var distinct = new HashSet<int>();
        for (int guest = 0; guest < 2; guest++)
        {
            // The same system, loaded elsewhere, and pages of its own between.
            int[] pages = [.. Enumerable.Range(0, shared + own).Select(page => 2 * (page < shared ? 1 + ((page * 7 + guest * 13) % shared) : 100_000 + (guest * own) + page))];
            distinct.UnionWith(pages);
            string file = folder.WriteFile([pages]);
            store.Add(file, new StoreAddOptions { Name = $"g{guest}", Domain = "d" }, cancellationToken: Cancel);
        }

        StoreReport report = store.Measure();
        long bound = distinct.Count * 4096L;
        Assert.Equal(distinct.Count, report.Blocks);
        Assert.InRange(report.PackBytes, bound, bound + (bound * 3 / 100));

        // As of a store that was opened with these blocks in it.
        var layout = new StoreLayout(folder.Path);
        using StoreDatabase database = StoreDatabase.Open(layout.Database);
        database.LimitMemory(layout);
        foreach (int number in distinct)
        {
            Assert.NotNull(database.Find(1, BlockHash.Of(StoreFolder.Content(number))));
        }

        Assert.InRange(database.MemoryBytes, 1, bound / 100);
    }
}
