using System.Buffers;
using System.IO.Pipelines;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Ways for bytes to reach a reader.</summary>
internal static class Feed
{
    /// <summary>All at once, synchronously.</summary>
    public static PipeReader Whole(byte[] bytes) => PipeReader.Create(new ReadOnlySequence<byte>(bytes));

    /// <summary>Runs a read that cannot wait for anything, on this thread.</summary>
    public static T Now<T>(ValueTask<T> task)
    {
        Assert.True(task.IsCompleted, "A read of memory must complete at once.");
        return task.GetAwaiter().GetResult();
    }

    /// <summary>Reads a Xen stream that is in memory.</summary>
    public static XenStreamSummary Read(byte[] bytes, IXenStreamSink sink, XenStreamOptions? options = null) =>
        Now(XenStreamReader.ReadAsync(Whole(bytes), sink, options, TestContext.Current.CancellationToken));

    /// <summary>Reads a raw image that is in memory.</summary>
    public static long ReadRaw(byte[] bytes, IPageSink sink, int pageSize = 4096, long maxPageCount = 1L << 30) =>
        Now(RawImageReader.ReadAsync(Whole(bytes), sink, pageSize, maxPageCount, TestContext.Current.CancellationToken));

    /// <summary>Through a pipe, in chunks of random sizes from 1 byte to <paramref name="largest"/>.</summary>
    public static async Task<T> InChunksAsync<T>(byte[] bytes, int largest, int seed, Func<PipeReader, ValueTask<T>> read)
    {
        var pipe = new Pipe();
        Task writing = Task.Run(() => WriteAsync(pipe.Writer, bytes, largest, new Random(seed)));
        try
        {
            return await read(pipe.Reader);
        }
        finally
        {
            await pipe.Reader.CompleteAsync();
            await writing;
        }
    }

    private static async Task WriteAsync(PipeWriter writer, byte[] bytes, int largest, Random random)
    {
        for (int at = 0; at < bytes.Length;)
        {
            int chunk = Math.Min(random.Next(1, largest + 1), bytes.Length - at);
            FlushResult result = await writer.WriteAsync(bytes.AsMemory(at, chunk));
            if (result.IsCompleted)
            {
                break;
            }

            at += chunk;
        }

        await writer.CompleteAsync();
    }
}
