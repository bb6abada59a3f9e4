using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>How the master key of a file comes about.</summary>
internal enum KeyDerivation : byte
{
    /// <summary>The key is 32 random bytes that the user keeps.</summary>
    None = 0,

    /// <summary>PBKDF2-HMAC-SHA256 of a passphrase.</summary>
    Pbkdf2 = 1,
}

/// <summary>What the header of an encrypted file says of its encryption: docs/format.md, "Encryption".</summary>
internal sealed record EncryptionHeader(KeyDerivation Derivation, int Iterations, byte[] Salt, byte[] KeyId)
{
    public const int Offset = 64;
    public const int Size = 128;
    public const int SaltSize = 32;
    public const int KeyIdSize = 16;
    public const int MacSize = 16;

    /// <summary>Where the MAC stands in the header.</summary>
    public const int MacOffset = Offset + 56;

    /// <summary>OWASP's Password Storage Cheat Sheet asks for 600 000 of PBKDF2-HMAC-SHA256 (as of 2023).</summary>
    public const int DefaultIterations = 600_000;

    /// <summary>A hostile header must not hang whoever opens it: this many take a few seconds.</summary>
    public const int MaxIterations = 10_000_000;

    private const byte Aes256Gcm = 1;
    private const int ReservedOffset = 72;

    /// <summary>The whole header as it was read with its MAC and sum zeroed: what the MAC is over. Empty for one that was not read.</summary>
    public byte[] Authenticated { get; private init; } = [];

    /// <summary>The MAC as it was read.</summary>
    public byte[] Mac { get; private init; } = [];

    /// <summary>The key's id as people see it.</summary>
    public string KeyIdText => Convert.ToHexStringLower(KeyId);

    /// <summary>Reads the fields out of a header whose sum is right.</summary>
    /// <exception cref="UnsupportedException">Cipher or key derivation is not known, or derivation would take too long.</exception>
    /// <exception cref="CorruptDataException">A reserved byte is set.</exception>
    public static EncryptionHeader Read(ReadOnlySpan<byte> header, long offset)
    {
        ReadOnlySpan<byte> fields = header.Slice(Offset, Size);
        int iterations = BinaryPrimitives.ReadInt32LittleEndian(fields[4..]);
        ThrowIfUnknown(fields[0], fields[1], iterations);
        if (fields[2] != 0 || fields[3] != 0 || fields[ReservedOffset..].ContainsAnyExcept((byte)0))
        {
            throw Damage.At(offset, "the header's fields of the encryption are out of range");
        }

        return new EncryptionHeader((KeyDerivation)fields[1], iterations, fields.Slice(8, SaltSize).ToArray(), fields.Slice(40, KeyIdSize).ToArray())
        {
            Authenticated = WithoutMac(header),
            Mac = header.Slice(MacOffset, MacSize).ToArray(),
        };
    }

    /// <summary>Writes the fields but for the MAC.</summary>
    public void Write(Span<byte> header)
    {
        Span<byte> fields = header.Slice(Offset, Size);
        fields[0] = Aes256Gcm;
        fields[1] = (byte)Derivation;
        BinaryPrimitives.WriteInt32LittleEndian(fields[4..], Iterations);
        Salt.CopyTo(fields[8..]);
        KeyId.CopyTo(fields[40..]);
    }

    /// <summary>A copy of a header in which MAC and sum are zero.</summary>
    public static byte[] WithoutMac(ReadOnlySpan<byte> header)
    {
        byte[] bytes = header[..Layout.HeaderSize].ToArray();
        bytes.AsSpan(MacOffset, MacSize).Clear();
        bytes.AsSpan(FileHeader.SumOffset).Clear();
        return bytes;
    }

    private static void ThrowIfUnknown(byte cipher, byte derivation, int iterations)
    {
        if (cipher != Aes256Gcm)
        {
            throw new UnsupportedException($"The checkpoint file is encrypted with cipher {cipher}; this PageStore knows 1, AES-256-GCM. Use a newer PageStore.");
        }

        if (derivation > (byte)KeyDerivation.Pbkdf2)
        {
            throw new UnsupportedException($"The checkpoint file derives its key by method {derivation}; this PageStore knows 0, none, and 1, PBKDF2-HMAC-SHA256. Use a newer PageStore.");
        }

        bool inRange = derivation == (byte)KeyDerivation.None ? iterations == 0 : iterations is >= 1 and <= MaxIterations;
        if (!inRange)
        {
            throw new UnsupportedException($"The checkpoint file derives its key by {(uint)iterations} iterations, and 1 to {MaxIterations} are accepted (0 where there is no passphrase). Was it made to keep you waiting?");
        }
    }
}
