using System.Net.Sockets;
using System.Text;

namespace PageStore.Native.Tests;

/// <summary>A monitor that says what a test has it say, with the descriptors that it is given.</summary>
internal sealed unsafe class TalkingMonitor : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    internal TalkingMonitor(string path) => _socket.Connect(new UnixDomainSocketEndPoint(path));

    internal void Say(string text) => _socket.Send(Encoding.UTF8.GetBytes(text));

    /// <summary>Sends descriptors with a text: sendmsg(2), cmsg(3), of 64-bit systems.</summary>
    internal void Say(string text, params int[] descriptors)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int controlBytes = 16 + (descriptors.Length * sizeof(int));
        byte* control = stackalloc byte[(controlBytes + 7) / 8 * 8];
        *(nint*)control = controlBytes;
        ((int*)control)[2] = 1; // SOL_SOCKET
        ((int*)control)[3] = 1; // SCM_RIGHTS
        descriptors.CopyTo(new Span<int>(control + 16, descriptors.Length));
        fixed (byte* content = bytes)
        {
            nint* part = stackalloc nint[2] { (nint)content, bytes.Length };
            nint* message = stackalloc nint[7] { 0, 0, (nint)part, 1, (nint)control, (controlBytes + 7) / 8 * 8, 0 };
            Assert.Equal(bytes.Length, Libc.sendmsg((int)_socket.Handle, message, 0));
        }
    }

    internal void Hear(byte[] bytes) => _socket.Receive(bytes);

    internal string HearLine()
    {
        using var reader = new StreamReader(new NetworkStream(_socket), Encoding.UTF8);
        return reader.ReadLine()!;
    }

    public void Dispose() => _socket.Dispose();
}
