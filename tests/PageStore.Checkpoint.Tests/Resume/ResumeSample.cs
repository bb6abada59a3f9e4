using System.Collections.Concurrent;

namespace PageStore.Checkpoint.Tests;

/// <summary>Files with one guest, its pages of all classes in runs and holes; made once for each size, plain and encrypted.</summary>
internal sealed class ResumeSample
{
    private static readonly ConcurrentDictionary<(int PageCount, bool Encrypted), ResumeSample> Samples = new();

    private readonly List<(long Start, long End)> _places = [];

    private ResumeSample(byte[] file, GuestOracle oracle)
    {
        (File, Oracle) = (file, oracle);
        using CheckpointReader reader = Open();
        using Epoch epoch = reader.OpenNewest();
        _places.AddRange(StoredPages(epoch).Select(page => PlaceOf(epoch, page)));
    }

    public byte[] File { get; }

    public GuestOracle Oracle { get; }

    public static ResumeSample Of(int pageCount, bool encrypted = false) => Samples.GetOrAdd((pageCount, encrypted), key => Make(key.PageCount, key.Encrypted));

    public CheckpointReader Open() => Open(new BytesStorage(File, File.Length));

    /// <summary>Opens the same file on another medium, or a changed one.</summary>
    public CheckpointReader Open(IStorage storage) => CheckpointReader.Open(storage, new CheckpointReaderOptions { Key = TestKeys.Of(File) });

    /// <summary>Whether a byte of the file belongs to the content of a page.</summary>
    public bool IsContent(long at) => _places.Exists(place => place.Start <= at && at < place.End);

    /// <summary>The pages whose content takes room in the file.</summary>
    public static IEnumerable<long> StoredPages(Epoch epoch) =>
        Enumerable.Range(0, (int)epoch.PageCount).Where(page => EntryOf(epoch, page).Kind is EntryKind.Raw or EntryKind.Lz4).Select(page => (long)page);

    /// <summary>Where the content of a page lies.</summary>
    public static (long Start, long End) PlaceOf(Epoch epoch, long page)
    {
        Entry entry = EntryOf(epoch, page);
        return (entry.Offset, entry.Offset + entry.BlockBytes(GuestOracle.PageSize, epoch.Nodes.Blocks.Overhead));
    }

    private static Entry EntryOf(Epoch epoch, long page) => epoch.GetEntry(epoch.NewCursor(), new Pfn(page), out _);

    private static ResumeSample Make(int pageCount, bool encrypted)
    {
        byte[]?[] pages = Pages(new Random(pageCount), pageCount);
        var file = new MemoryFile();
        CheckpointWriterOptions options = (encrypted ? TestKeys.Writer : new CheckpointWriterOptions()) with { Codec = PageCodecs.Lz4 };
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), options))
        {
            using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { PageCount = pageCount });
            for (int page = 0; page < pageCount; page++)
            {
                // Every seventh page without content was never written at all.
                if (pages[page] is not null || page % 7 != 0)
                {
                    builder.WritePages(new Pfn(page), pages[page] ?? new byte[GuestOracle.PageSize]);
                }
            }

            builder.Commit();
        }

        return new ResumeSample(file.ToArray(), new GuestOracle(pages));
    }

    private static byte[]?[] Pages(Random random, int pageCount)
    {
        var pages = new byte[]?[pageCount];
        for (int page = 0; page < pageCount;)
        {
            int kind = random.Next(5);
            for (int end = Math.Min(pageCount, page + random.Next(1, 60)); page < end; page++)
            {
                pages[page] = kind == 0 ? null : Content(random, kind);
            }
        }

        return pages;
    }

    private static byte[] Content(Random random, int kind)
    {
        byte[] content = new byte[GuestOracle.PageSize];
        if (kind == 1)
        {
            content.AsSpan().Fill((byte)random.Next(1, 256));
        }
        else
        {
            random.NextBytes(kind == 2 ? content.AsSpan(0, 1000) : content);
        }

        return content;
    }
}
