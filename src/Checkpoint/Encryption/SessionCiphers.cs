using System.Collections.Concurrent;

namespace PageStore.Checkpoint;

/// <summary>
/// The ciphers of a file's sessions, made when they are first met. A session is known by its random bytes, not by its number alone: a
/// root that was lost with a loss of power takes its sessions along, and their numbers come again. Thread-safe. Ends with its
/// <see cref="FileKeys"/>.
/// </summary>
internal sealed class SessionCiphers(FileKeys keys, SealObserver? observer) : IDisposable
{
    private readonly ConcurrentDictionary<(uint Number, UInt128 Low, UInt128 High), SessionCipher> _ciphers = new();

    /// <summary>The cipher of a session.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="random">The random bytes of its record.</param>
    /// <param name="fileId">The file.</param>
    public SessionCipher Get(uint number, ReadOnlySpan<byte> random, Guid fileId)
    {
        var id = (number, System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(random), System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(random[16..]));
        if (_ciphers.TryGetValue(id, out SessionCipher? known))
        {
            return known;
        }

        var subkey = new SecretBytes(CheckpointKey.SizeBytes);
        keys.SessionKey(random, fileId, subkey.Span);
        var made = new SessionCipher(number, subkey, observer);
        SessionCipher kept = _ciphers.GetOrAdd(id, made);
        if (!ReferenceEquals(kept, made))
        {
            made.Dispose();
        }

        return kept;
    }

    public void Dispose()
    {
        foreach (SessionCipher cipher in _ciphers.Values)
        {
            cipher.Dispose();
        }
    }
}
