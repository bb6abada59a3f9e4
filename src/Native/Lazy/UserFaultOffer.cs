using System.Net.Sockets;
using System.Text;

namespace PageStore.Native;

/// <summary>
/// The monitor's side: memory of this process whose missing pages another process brings, over the socket of a <see cref="UserFaultListener"/> there or of any handler that speaks
/// Firecracker's handshake. Thread-safe. Whoever makes it disposes it, after the guest: pages that are missing then may read as zeros.
/// </summary>
/// <remarks>
/// While pages are missing, no managed code of this process may touch the memory if the handler might wait for this process; a <see cref="KvmMachine"/> may run in it.
/// A handler that is lost leaves the guest waiting for the next missing page: <see cref="Complete"/> tells, so that the guest can be ended.
/// </remarks>
public sealed class UserFaultOffer : IDisposable
{
    private readonly MemoryRegion _memory;
    private readonly bool _wasWhole;
    private readonly Socket _socket;
    private readonly LazyHandle _handle;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private UserFaultOffer(MemoryRegion memory, bool wasWhole, Socket socket, LazyHandle handle, string path)
    {
        _memory = memory;
        _wasWhole = wasWhole;
        _socket = socket;
        _handle = handle;
        _ = FollowAsync(path);
    }

    /// <summary>Ends when the handler says that the guest may run; fails with a <see cref="StorageException"/> if the handler is lost before. A handler of another maker may never say it.</summary>
    public Task Ready => _ready.Task;

    /// <summary>
    /// Ends when all pages are there and the handler is not needed any more; from then on the memory is like any other (but for <see cref="MemoryRegion.IsWhole"/>, if pages were damaged). Fails with a <see cref="StorageException"/> if the handler is lost before.
    /// </summary>
    public Task Complete => _complete.Task;

    /// <summary>Makes the missing pages of a region wait, and hands them over.</summary>
    /// <param name="memory">The region, of which nothing needs to be there. It stays the caller's.</param>
    /// <param name="path">The handler's socket.</param>
    /// <exception cref="UnsupportedException">The host has no userfaultfd for faults inside the kernel.</exception>
    /// <exception cref="StorageException">Nobody listens there, or the kernel refused.</exception>
    public static UserFaultOffer Connect(MemoryRegion memory, string path)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentException.ThrowIfNullOrEmpty(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        LazyHandle? handle = null;
        bool wasWhole = memory.IsWhole;
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            handle = LazyHandle.Register(memory);
            memory.IsWhole = false;
            Send(socket, handle, HandshakeMessage.For(LazyMappings.Of(memory)));
            return new UserFaultOffer(memory, wasWhole, socket, handle, path);
        }
        catch (Exception e)
        {
            socket.Dispose();
            handle?.Dispose();

            // Nobody brought anything, and nothing waits for it any more.
            memory.IsWhole = wasWhole;
            if (e is SocketException or ArgumentOutOfRangeException)
            {
                throw new StorageException($"The page fault handler's socket {path} cannot be used: {e.Message} Start the handler first.", e);
            }

            throw;
        }
    }

    /// <summary>Closes socket and descriptor. May be called again.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        _handle.Dispose();
    }

    private static unsafe void Send(Socket socket, LazyHandle handle, byte[] message)
    {
        fixed (byte* bytes = message)
        {
            ShimResult result = NativeMethods.LazySend(handle, socket.SafeHandle, bytes, (ulong)message.Length, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, "Handing memory over to a page fault handler");
        }
    }

    /// <summary>Reads the handler's lines until it leaves.</summary>
    private async Task FollowAsync(string path)
    {
        try
        {
            using var reader = new StreamReader(new NetworkStream(_socket, ownsSocket: false), Encoding.ASCII);
            bool isDamaged = false;
            while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
            {
                isDamaged |= line == UserFaultPeer.Damaged;
                if (line is UserFaultPeer.Ready or UserFaultPeer.Complete)
                {
                    _ready.TrySetResult();
                }

                if (line == UserFaultPeer.Complete)
                {
                    // What a former resume left missing reads as zeros by now, and counts as being there.
                    _memory.IsWhole = _wasWhole && !isDamaged;
                    _complete.TrySetResult();
                    return;
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or ArgumentOutOfRangeException)
        {
            // Lost, as below.
        }

        var lost = new StorageException($"The page fault handler of {path} has gone, and pages are missing: end the guest, and resume its epoch anew.");
        _ready.TrySetException(lost);
        _complete.TrySetException(lost);
        _ = _ready.Task.Exception;
        _ = _complete.Task.Exception;
    }
}
