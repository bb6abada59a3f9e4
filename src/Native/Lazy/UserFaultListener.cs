using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>
/// Where monitors of virtual machines hand over their guests' memory: a Unix socket, on which each sends a userfaultfd and the places of the memory, as Firecracker does
/// to what it calls a page fault handler (its docs/snapshotting/handling-page-faults-on-snapshot-resume.md). Not thread-safe. Whoever makes it disposes it.
/// </summary>
public sealed class UserFaultListener : IDisposable
{
    /// <summary>How many monitors may wait to be accepted.</summary>
    private const int Backlog = 64;

    private readonly Socket _socket;
    private bool _disposed;

    /// <summary>Binds the socket. Only the same user, and root, may connect.</summary>
    /// <param name="path">A path that does not exist yet, at most 107 bytes.</param>
    /// <exception cref="StorageException">The path exists, is too long, or its directory cannot be written.</exception>
    public UserFaultListener(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path;
        _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            _socket.Bind(new UnixDomainSocketEndPoint(path));

            // Nobody can connect before Listen.
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            _socket.Listen(Backlog);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            _socket.Dispose();
            throw new StorageException($"The socket {path} cannot be made: {e.Message} Name a path that does not exist, in a directory that can be written.", e);
        }
    }

    /// <summary>How long a monitor that connected may take to say all of it: at most 35 minutes, the longest that <see cref="Socket.Poll(TimeSpan, SelectMode)"/> waits.</summary>
    internal TimeSpan Patience
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromMinutes(35));
            field = value;
        }
    } = TimeSpan.FromSeconds(10);

    /// <summary>The path of the socket.</summary>
    public string Path { get; }

    /// <summary>Waits for the next monitor and takes its guest's memory.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The memory, which the caller disposes.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    /// <exception cref="CorruptDataException">The monitor said something else, nothing, or half of it; others may still come.</exception>
    /// <exception cref="UnsupportedException">The memory is of a kind that cannot be served; others may still come.</exception>
    /// <exception cref="StorageException">The system refused.</exception>
    public UserFaultMemory Accept(CancellationToken cancellationToken)
    {
        Socket monitor;
        try
        {
            monitor = _socket.AcceptAsync(cancellationToken).AsTask().GetAwaiter().GetResult();
        }
        catch (SocketException cause)
        {
            throw new StorageException($"No monitor can be accepted on {Path}: {cause.Message}", cause);
        }

        using CancellationTokenRegistration leave = cancellationToken.Register(() => Leave(monitor));
        try
        {
            return Receive(monitor);
        }
        catch (Exception e)
        {
            monitor.Dispose();
            if (e is PageStoreException)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            throw;
        }
    }

    /// <summary>Closes the socket and removes its path. Memory that was handed over stays. May be called again.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            // By then the path may be another's.
            _disposed = true;
            _socket.Dispose();
            File.Delete(Path);
        }
    }

    /// <summary>Ends what a monitor may still say, and so the wait for it.</summary>
    private static void Leave(Socket monitor)
    {
        try
        {
            monitor.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has left itself.
        }
    }

    private UserFaultMemory Receive(Socket monitor)
    {
        byte[] message = new byte[HandshakeMessage.MaxBytes];
        int length = 0;
        SafeFileHandle? descriptor = null;
        try
        {
            long deadline = Stopwatch.GetTimestamp() + (long)(Patience.TotalSeconds * Stopwatch.Frequency);
            while (true)
            {
                length += ReceiveSome(monitor, message.AsSpan(length), deadline, ref descriptor);
                if (HandshakeMessage.TryRead(message.AsSpan(0, length)) is { } mappings)
                {
                    return Adopt(monitor, descriptor, mappings);
                }
            }
        }
        finally
        {
            descriptor?.Dispose();
        }
    }

    private static UserFaultMemory Adopt(Socket monitor, SafeFileHandle? descriptor, LazyMappings mappings)
    {
        if (descriptor is null)
        {
            throw new CorruptDataException("A monitor sent the list of its guest's memory without a userfaultfd: send the descriptor with the message (SCM_RIGHTS).");
        }

        return new UserFaultMemory(LazyHandle.Adopt(descriptor), mappings, new UserFaultPeer(monitor));
    }

    private unsafe int ReceiveSome(Socket monitor, Span<byte> room, long deadline, ref SafeFileHandle? descriptor)
    {
        TimeSpan left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), deadline);
        if (room.IsEmpty || left < TimeSpan.Zero || !monitor.Poll(left, SelectMode.SelectRead))
        {
            throw new CorruptDataException($"A monitor connected and did not send the list of its guest's memory within {Patience.TotalSeconds} s and {HandshakeMessage.MaxBytes} bytes.");
        }

        fixed (byte* bytes = room)
        {
            ShimResult result = NativeMethods.SocketReceive(monitor.SafeHandle, bytes, (ulong)room.Length, out ulong count, out int fd, out int errno);
            if (fd >= 0)
            {
                descriptor?.Dispose();
                descriptor = new SafeFileHandle(fd, ownsHandle: true);
            }

            NativeErrors.ThrowIfFailed(result, errno, "Receiving a guest's memory");
            return count > 0 ? (int)count : throw new CorruptDataException("A monitor closed the socket before it had sent the list of its guest's memory.");
        }
    }
}
