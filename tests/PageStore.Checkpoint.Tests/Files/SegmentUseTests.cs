using PageStore.FormatReader;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Segments are taken for blocks, and for nothing else.</summary>
public sealed class SegmentUseTests
{
    [Fact]
    public void Pages_that_do_not_pack_take_no_packed_segment()
    {
        var file = new MemoryFile();
        var options = new CheckpointWriterOptions { SegmentSize = 1 << 20, Codec = PageCodecs.Lz4 };
        byte[] pages = new byte[64 * 4096];
        new Random(1).NextBytes(pages);
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), options))
        {
            for (int epoch = 0; epoch < 2; epoch++)
            {
                using EpochBuilder builder = writer.BeginEpoch();
                builder.WritePages(new Pfn(0), pages);
                builder.Commit();
            }
        }

        FormatFile read = FormatFile.Open(file.ToArray());
        Assert.Equal(2, read.Epochs.Count);
        Assert.Equal(3, read.Root.SegmentCount);
        Assert.Equal(0, read.Root.Positions[1]);
    }
}
