using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What becomes of streams that fail.</summary>
public sealed class ImageImporterTests
{
    [Fact]
    public async Task What_arrived_before_the_connection_broke_is_committed()
    {
        var stream = new RemusStream(3, checkpoints: 5);
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(new MemoryFile()), new CheckpointWriterOptions { SegmentSize = 1 << 16 });
        int epochs = 0;
        var options = new ImportOptions { Committed = _ => epochs++ };
        await Assert.ThrowsAsync<IOException>(() => ImageImporter.ImportIntoAsync(new BreakingStream(stream.Bytes), writer, options, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(5, epochs);
    }

    [Fact]
    public async Task A_raw_image_whose_medium_fails_is_not_taken_for_a_short_one()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(new MemoryFile()), new CheckpointWriterOptions { SegmentSize = 1 << 16 });
        await Assert.ThrowsAsync<IOException>(() => ImageImporter.ImportIntoAsync(new BreakingStream(new byte[40960]), writer, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Null(writer.Newest);
    }

    [Fact]
    public void A_configuration_of_any_size_costs_no_more_memory_than_it_has()
    {
        byte[] json = new byte[(8 << 20) + 1];
        json.AsSpan().Fill((byte)'1');
        for (int i = 2; i < json.Length; i += 2)
        {
            json[i] = (byte)',';
        }

        json[0] = (byte)'[';
        json[^1] = (byte)']';
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(XlConfig.GuestIdOf(json));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.Equal(
            new Guid("00112233-4455-6677-8899-aabbccddeeff"),
            XlConfig.GuestIdOf("""{"b":[{"uuid":1}],"c_info":{"type":"pvh","x":{"uuid":"no"},"uuid":"00112233-4455-6677-8899-aabbccddeeff"},"z":0}"""u8));
        Assert.All(
            ["", "{", "[]", "7", "{\"c_info\":7}", "{\"c_info\":{\"uuid\":7}}", "{\"c_info\":{\"uuid\":\"x\"}}", "{\"c_info\":{}}"],
            text => Assert.Null(XlConfig.GuestIdOf(System.Text.Encoding.UTF8.GetBytes(text))));
    }

    /// <summary>Yields its bytes, and then fails.</summary>
    private sealed class BreakingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await base.ReadAsync(buffer, cancellationToken);
            return read > 0 ? read : throw new IOException("The connection broke.");
        }
    }
}
