using System.Collections.Concurrent;

namespace PageStore.Checkpoint;

/// <summary>Opens the sealed blocks below one root. Thread-safe, allocates nothing per block.</summary>
/// <param name="keys">The file's keys.</param>
/// <param name="sessions">The session table of the root.</param>
/// <param name="fileId">The file.</param>
internal sealed class BlockOpener(FileKeys keys, SessionTable sessions, Guid fileId)
{
    private readonly ConcurrentDictionary<uint, SessionCipher> _ciphers = new();

    /// <summary>The session table of the root.</summary>
    public SessionTable Sessions => sessions;

    /// <summary>Makes a session known that the table does not have yet.</summary>
    /// <param name="number">A number that the table does not have.</param>
    /// <param name="random">Its random bytes.</param>
    public SessionCipher Begin(uint number, ReadOnlySpan<byte> random) => _ciphers[number] = keys.Sessions.Get(number, random, fileId);

    /// <summary>Opens a block.</summary>
    /// <param name="block">The sealed block, at least <see cref="SealedBlock.Overhead"/> bytes.</param>
    /// <param name="plain">Receives the plain block, that much shorter; zeroed if this throws.</param>
    /// <param name="offset">Where the block is.</param>
    /// <param name="kind">The kind of the entry that names it.</param>
    /// <param name="pfn">The page, or <see cref="SealedBlock.NoPage"/>.</param>
    /// <exception cref="CorruptDataException">The block was not sealed for this place, or is damaged.</exception>
    public void Open(ReadOnlySpan<byte> block, Span<byte> plain, long offset, EntryKind kind, long pfn)
    {
        if (!SealedBlock.IsReservedClear(block) || !CipherOf(block, plain, offset).TryOpen(block, plain, new BlockPlace(fileId, offset, kind, pfn)))
        {
            plain.Clear();
            throw Damage.At(offset, "a sealed block does not authenticate: it is damaged, or was not written there by a holder of the key");
        }
    }

    /// <summary>The cipher of the session that a block names; null where the table cannot give it.</summary>
    /// <param name="block">What may be a sealed block, from its first byte on.</param>
    /// <param name="offset">Where it is.</param>
    public SessionCipher? TryGetCipher(ReadOnlySpan<byte> block, long offset)
    {
        try
        {
            return CipherOf(block, [], offset);
        }
        catch (CorruptDataException)
        {
            return null;
        }
    }

    private SessionCipher CipherOf(ReadOnlySpan<byte> block, Span<byte> plain, long offset)
    {
        uint session = SealedBlock.SessionOf(block);
        return _ciphers.TryGetValue(session, out SessionCipher? cipher) ? cipher : AddSession(session, plain, offset);
    }

    private SessionCipher AddSession(uint session, Span<byte> plain, long offset)
    {
        plain.Clear();
        Span<byte> random = stackalloc byte[SessionRecord.RandomSize];
        sessions.ReadRandom(session, random, offset);
        return _ciphers.GetOrAdd(session, keys.Sessions.Get(session, random, fileId));
    }
}
