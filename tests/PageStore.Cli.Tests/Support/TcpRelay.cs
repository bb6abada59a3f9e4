using System.Net;
using System.Net.Sockets;

namespace PageStore.Cli.Tests;

/// <summary>Carries connections from a port of this host to a Unix socket, as a tunnel does. Disposing ends it; idempotent.</summary>
internal sealed class TcpRelay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public TcpRelay(string socket)
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync(socket);
    }

    public int Port { get; }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync(string path)
    {
        while (true)
        {
            try
            {
                _ = CarryAsync(await _listener.AcceptSocketAsync(), path);
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private static async Task CarryAsync(Socket near, string path)
    {
        var far = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var nearStream = new NetworkStream(near, ownsSocket: true);
        await far.ConnectAsync(new UnixDomainSocketEndPoint(path));
        using var farStream = new NetworkStream(far, ownsSocket: true);
        await Task.WhenAny(nearStream.CopyToAsync(farStream), farStream.CopyToAsync(nearStream));
    }
}
