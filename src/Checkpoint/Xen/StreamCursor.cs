using System.Buffers;
using System.IO.Pipelines;

namespace PageStore.Checkpoint;

/// <summary>Reads exact numbers of bytes from a pipe and knows its place in the stream.</summary>
internal sealed class StreamCursor
{
    private readonly PipeReader _reader;

    public StreamCursor(PipeReader reader) => _reader = reader;

    /// <summary>The offset of the next byte.</summary>
    public long Position { get; private set; }

    /// <summary>Whether the stream ended where more had to come.</summary>
    public bool IsCutOff { get; private set; }

    /// <summary>Fills <paramref name="destination"/> completely.</summary>
    /// <exception cref="CorruptDataException">The stream ends before that.</exception>
    public async ValueTask FillAsync(Memory<byte> destination, StreamPlace place, CancellationToken cancellationToken)
    {
        int filled = await FillToEndAsync(destination, cancellationToken).ConfigureAwait(false);
        if (filled < destination.Length)
        {
            IsCutOff = true;
            throw Truncated(place, destination.Length - filled);
        }
    }

    /// <summary>Fills <paramref name="destination"/>, or as much of it as the stream still has.</summary>
    /// <returns>The number of bytes read.</returns>
    public async ValueTask<int> FillToEndAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        int filled = 0;
        while (filled < destination.Length)
        {
            ReadResult result = await _reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = result.Buffer;
            int taken = (int)Math.Min(buffer.Length, destination.Length - filled);
            buffer.Slice(0, taken).CopyTo(destination.Span[filled..]);
            _reader.AdvanceTo(buffer.GetPosition(taken));
            filled += taken;
            Position += taken;
            ThrowIfCanceled(result);
            if (taken == 0 && result.IsCompleted)
            {
                break;
            }
        }

        return filled;
    }

    /// <summary>Throws unless the stream ends here.</summary>
    /// <exception cref="CorruptDataException">A byte follows.</exception>
    public async ValueTask ExpectEndAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result = await _reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            bool more = !result.Buffer.IsEmpty;
            _reader.AdvanceTo(result.Buffer.Start);
            ThrowIfCanceled(result);
            if (more)
            {
                throw StreamPlace.Header("the end of the stream", Position).Corrupt("data follows the last END record");
            }

            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    private static void ThrowIfCanceled(ReadResult result)
    {
        if (result.IsCanceled)
        {
            throw new OperationCanceledException("The pending read of the pipe was canceled.");
        }
    }

    private CorruptDataException Truncated(StreamPlace place, int missing) =>
        new($"{place}: the stream ends at offset {Position}, where at least {missing} more bytes must come. "
            + "The save was cut short or the copy is incomplete; save the guest again, or copy the file again.")
        {
            Offset = Position,
        };
}
