using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>The connection to an NBD server: exact reads, with a limit to its silence. After any failure it is of no use any more. For one caller at a time. Owns its stream.</summary>
internal sealed class NbdChannel : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly TimeSpan _timeout;
    private readonly CancellationTokenSource _silence;
    private readonly byte[] _word = new byte[8];

    public NbdChannel(Stream stream, string name, TimeSpan timeout, TimeProvider clock)
    {
        (_stream, Name, _timeout) = (stream, name, timeout);
        _silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
    }

    /// <summary>What messages call the server.</summary>
    public string Name { get; }

    /// <summary>How many bytes came from the server.</summary>
    public long Position { get; private set; }

    public async ValueTask FillAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (!destination.IsEmpty)
        {
            int read = await BoundedAsync(destination, static (stream, memory, token) => stream.ReadAsync(memory, token), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                throw new StorageException($"{Name} closed the connection after {Position} bytes, where more had to come. Look at what it says itself, and try again.");
            }

            Position += read;
            destination = destination[read..];
        }
    }

    public async ValueTask<uint> ReadUInt32Async(CancellationToken cancellationToken)
    {
        await FillAsync(_word.AsMemory(0, 4), cancellationToken).ConfigureAwait(false);
        return BinaryPrimitives.ReadUInt32BigEndian(_word);
    }

    public async ValueTask<ulong> ReadUInt64Async(CancellationToken cancellationToken)
    {
        await FillAsync(_word, cancellationToken).ConfigureAwait(false);
        return BinaryPrimitives.ReadUInt64BigEndian(_word);
    }

    /// <summary>Reads a payload whose length has been checked.</summary>
    public async ValueTask<byte[]> ReadBytesAsync(int count, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[count];
        await FillAsync(bytes, cancellationToken).ConfigureAwait(false);
        return bytes;
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await BoundedAsync(
            bytes,
            static async (stream, memory, token) =>
            {
                await stream.WriteAsync(memory, token).ConfigureAwait(false);
                await stream.FlushAsync(token).ConfigureAwait(false);
                return 0;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What the server did against the protocol, here.</summary>
    public CorruptDataException Broken(string what) =>
        new($"{Name} breaks the NBD protocol within the first {Position} bytes that it sent: {what}. It is no NBD server, or a damaged one; nothing of this import was kept.") { Offset = Position };

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync().ConfigureAwait(false);
        _silence.Dispose();
    }

    private async ValueTask<int> BoundedAsync<TMemory>(TMemory memory, Func<Stream, TMemory, CancellationToken, ValueTask<int>> act, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            using CancellationTokenRegistration outside = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _silence);
            _silence.CancelAfter(_timeout);
            int result = await act(_stream, memory, _silence.Token).ConfigureAwait(false);
            _silence.CancelAfter(Timeout.InfiniteTimeSpan);
            return result;
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new StorageException($"{Name} has been silent for {_timeout.TotalSeconds:0.###} s. See whether its host lives, or allow it more time.");
        }
        catch (IOException cause)
        {
            throw new StorageException($"The connection to {Name} failed: {cause.Message}", cause);
        }
    }
}
