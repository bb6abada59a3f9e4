using System.Security.Cryptography;

namespace PageStore.Checkpoint;

/// <summary>
/// What one encrypted file's master key is made into: MACs of header and slots, subkeys of sessions. HKDF with the file's salt, so
/// that one key serves many files. Thread-safe. Whoever has the file open disposes it.
/// </summary>
internal sealed class FileKeys : IDisposable
{
    private const int KeySize = 32;

    // HKDF's two steps apart: what Extract makes of master key and salt serves all the Expands. It is as secret as the master key.
    private readonly SecretBytes _extracted = new(KeySize);
    private readonly SecretBytes _headerKey = new(KeySize);
    private readonly SecretBytes _slotKey = new(KeySize);

    private FileKeys(ReadOnlySpan<byte> master, ReadOnlySpan<byte> salt, SealObserver? observer)
    {
        HKDF.Extract(HashAlgorithmName.SHA256, master, salt, _extracted.Span);
        HKDF.Expand(HashAlgorithmName.SHA256, _extracted.Span, _headerKey.Span, "pagestore header"u8);
        HKDF.Expand(HashAlgorithmName.SHA256, _extracted.Span, _slotKey.Span, "pagestore root slot"u8);
        KeyId = KeyIdOf(master);
        Sessions = new SessionCiphers(this, observer);
    }

    /// <summary>Says which key it is without giving it away.</summary>
    public byte[] KeyId { get; }

    /// <summary>The ciphers of the sessions that were met so far.</summary>
    public SessionCiphers Sessions { get; }

    /// <summary>The keys of a new file.</summary>
    public static FileKeys Create(CheckpointKey key, CheckpointWriterOptions options, out EncryptionHeader encryption)
    {
        CryptoSupport.ThrowIfMissing();
        byte[] salt = new byte[EncryptionHeader.SaltSize];
        options.FillRandom(salt);
        int iterations = key.Derivation == KeyDerivation.None ? 0 : options.KeyDerivationIterations;
        FileKeys keys = Derive(key, salt, iterations, options.SealObserver);
        encryption = new EncryptionHeader(key.Derivation, iterations, salt, keys.KeyId);
        return keys;
    }

    /// <summary>Opens a header: adds the keys of an encrypted file to it.</summary>
    /// <param name="name">What messages call the file.</param>
    /// <param name="header">The header as it was read.</param>
    /// <param name="key">What the user gave, if anything.</param>
    /// <param name="observer">Told of each block that is sealed.</param>
    /// <exception cref="WrongKeyException">There is a key for a plain file, none for an encrypted one, or another than its own.</exception>
    /// <exception cref="CorruptDataException">The key is right and the header is not as its writer left it.</exception>
    /// <exception cref="UnsupportedException">The host has no cryptography.</exception>
    public static FileHeader Unlock(string name, FileHeader header, CheckpointKey? key, SealObserver? observer = null)
    {
        EncryptionHeader? encryption = header.Encryption;
        ThrowIfUnsuitable(name, encryption, key);
        if (encryption is null || key is null)
        {
            return header;
        }

        CryptoSupport.ThrowIfMissing();
        FileKeys keys = Derive(key, encryption.Salt, encryption.Iterations, observer);
        try
        {
            keys.ThrowIfNotOf(name, encryption);
            return header with { Keys = keys };
        }
        catch
        {
            keys.Dispose();
            throw;
        }
    }

    /// <summary>The MAC of a header.</summary>
    /// <param name="header">The header with MAC and sum zeroed.</param>
    /// <param name="mac">Receives its 16 bytes.</param>
    public void HeaderMac(ReadOnlySpan<byte> header, Span<byte> mac) => Mac(_headerKey.Span, header, mac);

    /// <summary>The MAC of a root slot's bytes 0 to 495.</summary>
    public void SlotMac(ReadOnlySpan<byte> slot, Span<byte> mac) => Mac(_slotKey.Span, slot, mac);

    /// <summary>Whether a root slot's MAC is right.</summary>
    public bool IsSlotMac(ReadOnlySpan<byte> slot, ReadOnlySpan<byte> mac)
    {
        Span<byte> right = stackalloc byte[EncryptionHeader.MacSize];
        SlotMac(slot, right);
        return CryptographicOperations.FixedTimeEquals(right, mac);
    }

    /// <summary>Whether the MAC of a header as it was read is right.</summary>
    public bool IsHeaderMac(EncryptionHeader encryption)
    {
        Span<byte> right = stackalloc byte[EncryptionHeader.MacSize];
        HeaderMac(encryption.Authenticated, right);
        return CryptographicOperations.FixedTimeEquals(right, encryption.Mac);
    }

    /// <summary>Derives the subkey of a session.</summary>
    public void SessionKey(ReadOnlySpan<byte> random, Guid fileId, Span<byte> subkey)
    {
        ReadOnlySpan<byte> name = "pagestore session"u8;
        Span<byte> info = stackalloc byte[name.Length + SessionRecord.RandomSize + 16];
        name.CopyTo(info);
        random.CopyTo(info[name.Length..]);
        fileId.TryWriteBytes(info[(name.Length + SessionRecord.RandomSize)..], bigEndian: true, out _);
        HKDF.Expand(HashAlgorithmName.SHA256, _extracted.Span, subkey, info);
    }

    public void Dispose()
    {
        Sessions.Dispose();
        _extracted.Dispose();
        _headerKey.Dispose();
        _slotKey.Dispose();
    }

    private static FileKeys Derive(CheckpointKey key, ReadOnlySpan<byte> salt, int iterations, SealObserver? observer)
    {
        using SecretBytes master = key.DeriveMaster(salt, iterations);
        return new FileKeys(master.Span, salt, observer);
    }

    private static byte[] KeyIdOf(ReadOnlySpan<byte> master)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(master, "pagestore key id"u8, hash);
        return hash[..EncryptionHeader.KeyIdSize].ToArray();
    }

    private static void Mac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> content, Span<byte> mac)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, content, hash);
        hash[..EncryptionHeader.MacSize].CopyTo(mac);
    }

    private static void ThrowIfUnsuitable(string name, EncryptionHeader? encryption, CheckpointKey? key)
    {
        if (encryption is null)
        {
            if (key is not null)
            {
                throw new WrongKeyException($"{name} is not encrypted, and a key was given for it. Somebody may have put a plain file in the place of yours; if it is to be plain, leave the key out.");
            }
        }
        else if (key is null)
        {
            throw new WrongKeyException($"{name} is encrypted. Give its key: --key-file of the command, the option Key of the library; key id {encryption.KeyIdText}.");
        }
        else if (key.Derivation != encryption.Derivation)
        {
            (string wanted, string given) = encryption.Derivation == KeyDerivation.Pbkdf2 ? ("a passphrase", "a key") : ("a key", "a passphrase");
            throw new WrongKeyException($"{name} was encrypted with {wanted}, and {given} was given; it wants key id {encryption.KeyIdText}.");
        }
    }

    private void ThrowIfNotOf(string name, EncryptionHeader encryption)
    {
        if (!CryptographicOperations.FixedTimeEquals(KeyId, encryption.KeyId))
        {
            throw new WrongKeyException($"The key is not that of {name}: it has key id {Convert.ToHexStringLower(KeyId)}, and the file wants {encryption.KeyIdText}.");
        }

        if (!IsHeaderMac(encryption))
        {
            throw Damage.At(Layout.HeaderOffset, $"the header of {name} does not authenticate: it is not as its writer left it");
        }
    }
}
