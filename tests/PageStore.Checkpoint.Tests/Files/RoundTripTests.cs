using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Epochs go in and come back equal to the byte, through a real file.</summary>
public sealed class RoundTripTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("none", ReadMode.Mapped)]
    [InlineData("none", ReadMode.Positional)]
    [InlineData("lz4", ReadMode.Mapped)]
    [InlineData("lz4", ReadMode.Positional)]
    public void Every_epoch_of_a_random_history_reads_back(string codec, ReadMode mode)
    {
        const int pages = 5000;
        var random = new Random(7);
        var images = new List<byte[]>();
        byte[] image = new byte[pages * 4096];
        var options = new CheckpointWriterOptions { SegmentSize = 1 << 20, Codec = codec == "lz4" ? PageCodecs.Lz4 : PageCodecs.None };
        using (CheckpointWriter writer = CheckpointWriter.Create(_path, options))
        {
            for (int epoch = 0; epoch < 20; epoch++)
            {
                using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest, PageCount = pages, Label = $"e{epoch}" });
                for (int i = 0; i < (epoch == 0 ? 3000 : 100); i++)
                {
                    int pfn = random.Next(pages);
                    Span<byte> page = image.AsSpan(pfn * 4096, 4096);
                    Fill(page, random);
                    builder.WritePages(new Pfn(pfn), page);
                }

                EpochInfo info = builder.Commit();
                Assert.Equal(epoch + 1, info.Id.Value);
                images.Add((byte[])image.Clone());
            }
        }

        using CheckpointReader reader = CheckpointReader.Open(_path, new CheckpointReaderOptions { ReadMode = mode });
        byte[] read = new byte[image.Length];
        for (int epoch = 0; epoch < images.Count; epoch++)
        {
            reader.OpenEpoch(new EpochId(epoch + 1)).ReadPages(new Pfn(0), read);
            Assert.True(read.AsSpan().SequenceEqual(images[epoch]), $"epoch {epoch + 1} differs");
        }

        VerifyReport report = reader.Verify(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(report.Damage);
        Assert.Empty(report.Warnings);
        Assert.Equal(20, report.Epochs);
    }

    [Fact]
    public void Readers_and_a_writer_have_the_file_open_at_once_and_a_second_writer_is_refused()
    {
        byte[] page = new byte[4096];
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Null(reader.Newest);
        Assert.Throws<StorageException>(() => CheckpointWriter.Open(_path));
        for (byte epoch = 1; epoch <= 3; epoch++)
        {
            page.AsSpan().Fill(epoch);
            using EpochBuilder builder = writer.BeginEpoch();
            builder.WritePages(new Pfn(5), page);
            builder.Commit();
            Assert.True(reader.Refresh());
            Assert.Equal(new EpochId(epoch), reader.Newest);
            byte[] read = new byte[4096];
            reader.OpenNewest().ReadPage(new Pfn(5), read);
            Assert.Equal(page, read);
        }

        writer.Dispose();
        using CheckpointWriter next = CheckpointWriter.Open(_path);
        Assert.Equal(new EpochId(3), next.Newest);
    }

    [Fact]
    public void A_file_that_is_not_there_is_a_clear_error()
    {
        StorageException error = Assert.Throws<StorageException>(() => CheckpointReader.Open(_path));
        Assert.Contains(_path, error.Message, StringComparison.Ordinal);
        Assert.Equal(2, error.Errno);
    }

    private static void Fill(Span<byte> page, Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                page.Clear();
                break;
            case 1:
                page.Fill((byte)random.Next(1, 256));
                break;
            case 2:
                page.Clear();
                random.NextBytes(page[..random.Next(4096)]);
                break;
            default:
                random.NextBytes(page);
                break;
        }
    }
}
