using System.Net;
using System.Net.Sockets;

namespace PageStore.Checkpoint;

/// <summary>
/// An export of an NBD server: a disk of a running QEMU, a qcow2 file behind <c>qemu-nbd</c>, or what any other server has. With a bitmap of QEMU it knows what changed. Everything that a server says is
/// checked, what it may make this keep in memory is bounded, and it may not be silent for longer than <see cref="NbdOptions.Timeout"/>. Without TLS: the server is to be on this host, or behind a tunnel.
/// </summary>
public sealed class NbdDisk : IDiskImage
{
    private readonly NbdChannel _channel;
    private readonly NbdExport _export;
    private readonly NbdSession _session;

    private NbdDisk(NbdChannel channel, NbdExport export, string name, string? bitmap)
    {
        (_channel, _export, Export, Bitmap) = (channel, export, name, bitmap);
        _session = new NbdSession(channel, export);
    }

    /// <inheritdoc/>
    public string Name => _channel.Name;

    /// <inheritdoc/>
    public string Export { get; }

    /// <inheritdoc/>
    public string? Bitmap { get; }

    /// <inheritdoc/>
    public long Length => _export.Length;

    /// <inheritdoc/>
    public int Alignment => _export.MinBlock;

    /// <inheritdoc/>
    public int MaxReadBytes => _export.MaxPayload;

    /// <summary>Connects to a server and opens an export.</summary>
    /// <param name="uri">Which one.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="KeyNotFoundException">The server has no such export, or none with that bitmap.</exception>
    /// <exception cref="CorruptDataException">The server breaks the rules of the protocol, or is none.</exception>
    /// <exception cref="UnsupportedException">The server wants TLS, or is too old.</exception>
    /// <exception cref="StorageException">The server cannot be reached, or refused.</exception>
    /// <exception cref="OperationCanceledException">The attempt was cancelled.</exception>
    public static async Task<NbdDisk> OpenAsync(NbdUri uri, NbdOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(uri);
        options ??= new();
        options.Validate();
        Stream stream = await ConnectAsync(uri, options, cancellationToken).ConfigureAwait(false);
        return await OpenAsync(stream, uri.ToString(), uri.Export, options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As <see cref="OpenAsync(NbdUri, NbdOptions?, CancellationToken)"/>, over a connection that is there.</summary>
    /// <param name="stream">The connection, at its beginning; owned from here on, whatever happens.</param>
    /// <param name="name">What messages call the server.</param>
    /// <param name="export">The name of the export.</param>
    /// <param name="options">How it is spoken to.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    internal static async Task<NbdDisk> OpenAsync(Stream stream, string name, string export, NbdOptions options, CancellationToken cancellationToken)
    {
        var channel = new NbdChannel(stream, name, options.Timeout, options.Clock);
        try
        {
            NbdExport agreed = await new NbdHandshake(channel, export, options.Bitmap, cancellationToken).RunAsync().ConfigureAwait(false);
            return new NbdDisk(channel, agreed, export, options.Bitmap);
        }
        catch
        {
            await channel.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<DiskExtent> ReadExtentsAsync(CancellationToken cancellationToken = default) => _session.ReadExtentsAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask BeginReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
        _session.BeginReadAsync(offset, destination, cancellationToken);

    /// <inheritdoc/>
    public ValueTask EndReadAsync(CancellationToken cancellationToken = default) => _session.EndReadAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _session.DisconnectAsync(CancellationToken.None).ConfigureAwait(false);
        await _channel.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task<Stream> ConnectAsync(NbdUri uri, NbdOptions options, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(options.Timeout, options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        Socket? socket = null;
        try
        {
            if (uri.Socket is { } path)
            {
                socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), either.Token).ConfigureAwait(false);
            }
            else
            {
                // Requests are small, and each is waited for.
                socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(new DnsEndPoint(uri.Host!, uri.Port), either.Token).ConfigureAwait(false);
            }

            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception cause) when (cause is SocketException or OperationCanceledException or ArgumentException)
        {
            socket?.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw new StorageException($"Cannot connect to {uri}: {(cause is OperationCanceledException ? $"no answer in {options.Timeout.TotalSeconds:0.###} s." : cause.Message)} See whether the server runs and listens there.", cause);
        }
    }
}
