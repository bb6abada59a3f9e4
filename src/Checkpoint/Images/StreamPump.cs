using System.IO.Pipelines;

namespace PageStore.Checkpoint;

/// <summary>
/// Reads a stream ahead into a pipe. Waiting at the pipe can be cancelled, also where a read of the stream itself cannot: a terminal, a
/// pipe of another process.
/// </summary>
internal static class StreamPump
{
    /// <summary>Begins to read; the pump ends when the stream ends or the reader is completed.</summary>
    /// <param name="source">Stays the caller's.</param>
    /// <param name="readAhead">The most bytes that wait in the pipe.</param>
    /// <param name="readSize">The most bytes asked of the stream at once.</param>
    public static PipeReader Start(Stream source, int readAhead, int readSize)
    {
        var pipe = new Pipe(new PipeOptions(
            pauseWriterThreshold: readAhead, resumeWriterThreshold: readAhead / 2, minimumSegmentSize: readSize, useSynchronizationContext: false));
        var reader = new DrainedPipeReader(pipe.Reader);
        _ = Task.Run(() => PumpAsync(source, pipe.Writer, reader));
        return reader;
    }

    private static async Task PumpAsync(Stream source, PipeWriter writer, DrainedPipeReader reader)
    {
        try
        {
            await CopyAsync(source, writer).ConfigureAwait(false);
        }
        catch (Exception cause)
        {
            reader.Failure = cause;
        }

        await writer.CompleteAsync().ConfigureAwait(false);
    }

    private static async Task CopyAsync(Stream source, PipeWriter writer)
    {
        int read;
        do
        {
            // The rest of the segment, whatever it is: to ask for a size would take a new segment after each short read of a pipe.
            read = await source.ReadAsync(writer.GetMemory()).ConfigureAwait(false);
            writer.Advance(read);
        }
        while (read > 0 && !(await writer.FlushAsync().ConfigureAwait(false)).IsCompleted);
    }
}
