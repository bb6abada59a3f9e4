using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>A store in a folder of a test's own, the files that go into it, and the naive model of both: what each checkpoint's pages are.</summary>
internal sealed class StoreFolder : IDisposable
{
    public const int PageSize = 4096;

    /// <summary>In memory where there is such a file system: what a medium keeps, the tests themselves take away, and a sync costs nothing.</summary>
    private readonly string _path = Directory.CreateDirectory(System.IO.Path.Combine(
        Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath(), "pagestore-store-" + System.IO.Path.GetRandomFileName())).FullName;

    private int _files;

    public string Path => System.IO.Path.Combine(_path, "store");

    /// <summary>Small packs, so that there are several.</summary>
    public StoreSettings Settings { get; init; } = new() { PackBytes = 40_000 };

    /// <summary>The checkpoints that must be there, with their domain and, for each epoch, the number behind each page: 0 is a zero page.</summary>
    public Dictionary<string, (string Domain, int[][] Epochs)> Model { get; } = [];

    public CheckpointStore Open(StoreSettings? settings = null) => CheckpointStore.OpenOrCreate(Path, settings ?? Settings);

    /// <summary>Writes a checkpoint file, each epoch the child of the one before.</summary>
    public string WriteFile(int[][] epochs)
    {
        string path = System.IO.Path.Combine(_path, $"f{_files++}.pages");
        using CheckpointWriter writer = CheckpointWriter.Create(path, new CheckpointWriterOptions { SegmentSize = 1 << 16, Durability = Durability.SurvivesProcessCrash });
        foreach (int[] epoch in epochs)
        {
            using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest, PageCount = epoch.Length, SkipUnchanged = true });
            for (int page = 0; page < epoch.Length; page++)
            {
                builder.WritePages(new Pfn(page), Content(epoch[page]));
            }

            builder.Commit();
        }

        return path;
    }

    /// <summary>Adds to the store, and to the model.</summary>
    public void Add(CheckpointStore store, string name, string domain, params int[][] epochs)
    {
        string file = WriteFile(epochs);
        store.Add(file, new StoreAddOptions { Name = name, Domain = domain, Codec = epochs[0].Length % 2 == 0 ? PageCodecs.Lz4 : PageCodecs.None });
        Model[name] = (domain, epochs);
        File.Delete(file);
    }

    public void Remove(CheckpointStore store, string name)
    {
        store.Remove(name);
        Model.Remove(name);
    }

    /// <summary>Asserts that the store lists and reads what the model says.</summary>
    public void AssertMatches(CheckpointStore store)
    {
        Assert.Equal(Model.Keys.Order(StringComparer.Ordinal), store.List().Select(checkpoint => checkpoint.Name));
        foreach (StoredCheckpoint checkpoint in store.List())
        {
            Assert.Equal(Model[checkpoint.Name].Domain, checkpoint.Domain);
            AssertReads(checkpoint.Path, Model[checkpoint.Name].Epochs);
        }
    }

    public static void AssertReads(string path, int[][] epochs)
    {
        using CheckpointReader reader = CheckpointReader.Open(path);
        Assert.Equal(epochs.Length, reader.EpochCount);
        byte[] page = new byte[PageSize];
        for (int at = 0; at < epochs.Length; at++)
        {
            using Epoch epoch = reader.OpenEpoch(new EpochId(at + 1));
            for (int pfn = 0; pfn < epochs[at].Length; pfn++)
            {
                epoch.ReadPage(new Pfn(pfn), page);
                Assert.True(page.AsSpan().SequenceEqual(Content(epochs[at][pfn])), $"{path}, epoch {at + 1}, page {pfn} differs");
            }
        }
    }

    /// <summary>Asserts that the store holds each distinct page of each domain once, and nothing else: what a collection that gives all back must leave.</summary>
    public void AssertNothingLeaks(CheckpointStore store)
    {
        StoreReport report = store.Measure();
        long distinct = Model.Values.GroupBy(checkpoint => checkpoint.Domain)
            .Sum(domain => domain.SelectMany(checkpoint => checkpoint.Epochs).SelectMany(epoch => epoch).Where(number => number != 0).Distinct().Count());
        Assert.Equal((Model.Count, distinct, 0, 0), (report.Checkpoints, report.Blocks, report.UnreferencedBlocks, report.DeadBytes));
        Assert.Equal(report.PackBytes, report.BlockBytes + (report.Packs * PackHeader.Size));
        Assert.Equal(Model.Keys.Order(StringComparer.Ordinal), Names("checkpoints").Order(StringComparer.Ordinal));
        Assert.Equal(report.Packs, Names("packs").Count());
        Assert.DoesNotContain(Names("locks"), name => name != "gc");
    }

    /// <summary>The page of a number: half of them can be packed.</summary>
    public static byte[] Content(int number)
    {
        byte[] page = new byte[PageSize];
        if (number != 0)
        {
            new Random(number).NextBytes(page.AsSpan(0, number % 2 == 0 ? PageSize : PageSize / 2));
        }

        return page;
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);

    private IEnumerable<string> Names(string folder) => Directory.GetFiles(System.IO.Path.Combine(Path, folder)).Select(file => System.IO.Path.GetFileName(file)!);
}
