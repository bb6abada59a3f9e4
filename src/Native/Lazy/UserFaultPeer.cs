using System.Net.Sockets;
using System.Text;

namespace PageStore.Native;

/// <summary>
/// The socket to the process whose memory is served. A monitor that knows only Firecracker's handshake neither reads nor writes it any more, and its end tells that the
/// process has ended; one of PageStore's reads a line for each step.
/// </summary>
internal sealed class UserFaultPeer : IDisposable
{
    /// <summary>What was planned is there: the guest may run.</summary>
    internal const string Ready = "ready";

    /// <summary>Some pages cannot be had, and who touches them is told so; comes before <see cref="Complete"/>.</summary>
    internal const string Damaged = "damaged";

    /// <summary>All is there: the guest needs nobody any more.</summary>
    internal const string Complete = "complete";

    private readonly Socket _socket;
    private bool _closed;

    internal UserFaultPeer(Socket socket)
    {
        _socket = socket;
        ProcessId = PeerProcess(socket);
    }

    /// <summary>The other side's process; 0 where it is not known.</summary>
    internal int ProcessId { get; }

    internal int Descriptor => (int)_socket.SafeHandle.DangerousGetHandle();

    /// <summary>Reads what came, which means nothing, and tells whether the other side has closed the socket.</summary>
    internal bool HasLeft()
    {
        Span<byte> ignored = stackalloc byte[256];
        try
        {
            return _socket.Receive(ignored, SocketFlags.None) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    /// <summary>Says a line. Nobody need read it: what finds no room or no reader is lost.</summary>
    internal void Say(string line)
    {
        try
        {
            if (!_closed && _socket.Poll(0, SelectMode.SelectWrite))
            {
                _ = _socket.Send(Encoding.ASCII.GetBytes(line + "\n"));
            }
        }
        catch (SocketException)
        {
            _closed = true;
        }
    }

    public void Dispose() => _socket.Dispose();

    private static int PeerProcess(Socket socket)
    {
        // SOL_SOCKET and SO_PEERCRED of asm-generic/socket.h; struct ucred begins with the process.
        Span<byte> credentials = stackalloc byte[12];
        try
        {
            return socket.GetRawSocketOption(1, 17, credentials) >= sizeof(int) ? BitConverter.ToInt32(credentials) : 0;
        }
        catch (SocketException)
        {
            return 0;
        }
    }
}
