using System.Security.Cryptography;

namespace PageStore.Checkpoint;

/// <summary>
/// Bytes of a key: pinned, so that the garbage collector leaves no copies behind when it moves things, and zeroed at the end.
/// Reading is thread-safe until it is disposed.
/// </summary>
internal sealed class SecretBytes(int length) : IDisposable
{
    private readonly byte[] _bytes = GC.AllocateArray<byte>(length, pinned: true);
    private bool _disposed;

    /// <summary>The bytes, also to be filled.</summary>
    public Span<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _bytes;
        }
    }

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_bytes);
    }
}
