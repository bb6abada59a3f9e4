using PageStore;
using PageStore.Checkpoint;

namespace Consumer;

/// <summary>Two epochs into a file, both out of it again, and damage that is found.</summary>
internal static class CheckpointUse
{
    private const int Pages = 300;

    public static void Run(Checks checks)
    {
        var path = Path.Combine(Path.GetTempPath(), $"consumer-{Guid.NewGuid():N}.pages");
        try
        {
            RoundTrip(checks, path, PageCodecs.Lz4);
            Damage(checks, path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void RoundTrip(Checks checks, string path, IPageCodec codec)
    {
        var first = Content(seed: 1);
        var second = first.ToArray();
        new Random(2).NextBytes(second.AsSpan(17 * PageSizes.Default, PageSizes.Default));

        using (var writer = CheckpointWriter.Create(path, new CheckpointWriterOptions { Codec = codec }))
        {
            using (var epoch = writer.BeginEpoch(new EpochOptions { Label = "first" }))
            {
                epoch.WritePages(new Pfn(0), first);
                epoch.Commit();
            }

            using (var epoch = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest }))
            {
                epoch.WritePages(new Pfn(17), second.AsSpan(17 * PageSizes.Default, PageSizes.Default));
                checks.That("the second epoch holds one page of its own", epoch.Commit().PagesWritten == 1);
            }
        }

        using var reader = CheckpointReader.Open(path);
        checks.That("the file holds two epochs", reader.EpochCount == 2);
        checks.That("the first epoch reads back equal", Read(reader, new EpochId(1)).AsSpan().SequenceEqual(first));
        checks.That("the second epoch reads back equal", Read(reader, new EpochId(2)).AsSpan().SequenceEqual(second));
        checks.That("the file verifies", reader.Verify().Ok);
    }

    private static void Damage(Checks checks, string path)
    {
        var bytes = File.ReadAllBytes(path);

        // Segments begin at 131072 (docs/format.md); what lies there is the content of a page or the index.
        bytes[131072 + 100] ^= 0x10;
        File.WriteAllBytes(path, bytes);
        using var reader = CheckpointReader.Open(path, new CheckpointReaderOptions { ReadMode = ReadMode.Positional });
        checks.That("a flipped bit is found", !reader.Verify().Ok);
    }

    // A third of the pages is zero, a third compresses, a third does not.
    private static byte[] Content(int seed)
    {
        var content = new byte[Pages * PageSizes.Default];
        var random = new Random(seed);
        for (var page = 0; page < Pages; page++)
        {
            var bytes = content.AsSpan(page * PageSizes.Default, PageSizes.Default);
            random.NextBytes(bytes[..((page % 3) switch { 0 => 0, 1 => 512, _ => PageSizes.Default })]);
        }

        return content;
    }

    private static byte[] Read(CheckpointReader reader, EpochId id)
    {
        var content = new byte[Pages * PageSizes.Default];
        reader.OpenEpoch(id).ReadPages(new Pfn(0), content);
        return content;
    }
}
