namespace PageStore.Checkpoint;

/// <summary>
/// Seals the blocks of one writer. Its session has a subkey of its own, and the counter only grows while the writer lives: whatever
/// is abandoned, written over or copied, no nonce comes twice under one key. For one thread.
/// </summary>
/// <param name="fileId">The file.</param>
/// <param name="begin">Begins a session.</param>
internal sealed class BlockSealer(Guid fileId, Func<SessionCipher> begin)
{
    /// <summary>
    /// The most blocks of one session. NIST SP 800-38D, section 8.3, allows 2^32 invocations under one key where nonces are random;
    /// for counted ones it sets no number, and this keeps within the stricter bound. 2^32 blocks of 64 KiB are 2^44 AES blocks, with
    /// which the best distinguisher of AES from a random function has an advantage of about 2^-41.
    /// </summary>
    internal const ulong MaxBlocks = 1UL << 32;

    /// <summary>No epoch begins in a session with fewer left: only one of more than 2^31 blocks, 8 TiB of pages, can meet the end.</summary>
    private const ulong RenewalBlocks = MaxBlocks / 2;

    private SessionCipher? _cipher;
    private ulong _counter;

    /// <summary>Ends a session that has sealed many blocks; the next block then begins another. Between epochs only.</summary>
    public void Renew()
    {
        if (_counter >= RenewalBlocks)
        {
            _cipher = null;
            _counter = 0;
        }
    }

    /// <summary>Begins a session if none is under way, so that the root under way can hold it whatever is sealed for it.</summary>
    public void Begin() => _cipher ??= begin();

    /// <summary>Seals a plain block.</summary>
    /// <param name="plain">The block as it would stand in a plain file.</param>
    /// <param name="block">Receives the sealed one, <see cref="SealedBlock.Overhead"/> longer.</param>
    /// <param name="offset">Where it will be.</param>
    /// <param name="kind">The kind of the entry that will name it.</param>
    /// <param name="pfn">The page, or <see cref="SealedBlock.NoPage"/>.</param>
    /// <exception cref="UnsupportedException">The session has sealed as many blocks as one key may.</exception>
    public void Seal(ReadOnlySpan<byte> plain, Span<byte> block, long offset, EntryKind kind, long pfn)
    {
        if (_counter >= MaxBlocks)
        {
            throw new UnsupportedException($"The epoch has more than the {RenewalBlocks} blocks that one of an encrypted file can surely have: its session's key has encrypted as much as it may. Write it in parts.");
        }

        Begin();
        _cipher!.Seal(plain, block, _counter++, new BlockPlace(fileId, offset, kind, pfn));
    }

    /// <summary>For tests: as if so many blocks had been sealed.</summary>
    internal void Skip(ulong blocks) => _counter += blocks;
}
