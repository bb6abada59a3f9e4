using System.Security.Cryptography;
using System.Text;

namespace PageStore.FormatReader;

/// <summary>docs/format.md, "Encryption": everything that needs the master key.</summary>
public sealed class FormatCipher
{
    private readonly byte[] _master;
    private readonly byte[] _salt;
    private readonly byte[] _fileId;

    private FormatCipher(byte[] master, byte[] salt, byte[] fileId)
    {
        _master = master;
        _salt = salt;
        _fileId = fileId;
    }

    /// <summary>Checks the fields of the header and its MAC.</summary>
    internal static FormatCipher Open(ReadOnlySpan<byte> header, FormatKey key)
    {
        BrokenFormatException.Unless(header[64] == 1, "header: cipher");
        BrokenFormatException.Unless(Bytes.U16(header, 66) == 0 && Bytes.AllZero(header[136..192]), "header: reserved bytes of the encryption");
        int iterations = (int)Bytes.U32(header, 68);
        byte[] salt = header.Slice(72, 32).ToArray();
        byte[] master = header[65] switch
        {
            0 when iterations == 0 => key.Bytes ?? throw new BrokenFormatException("the file wants a key"),
            1 when iterations is >= 1 and <= 10_000_000 => Rfc2898DeriveBytes.Pbkdf2(
                Encoding.UTF8.GetBytes(key.Passphrase ?? throw new BrokenFormatException("the file wants a passphrase")), salt, iterations, HashAlgorithmName.SHA256, 32),
            _ => throw new BrokenFormatException("header: key derivation or iterations"),
        };
        var cipher = new FormatCipher(master, salt, header.Slice(40, 16).ToArray());
        BrokenFormatException.Unless(HMACSHA256.HashData(master, "pagestore key id"u8)[..16].AsSpan().SequenceEqual(header.Slice(104, 16)), "header: key id");
        byte[] cleared = header.ToArray();
        cleared.AsSpan(120, 16).Clear();
        cleared.AsSpan(504, 8).Clear();
        BrokenFormatException.Unless(cipher.Mac("pagestore header", cleared).SequenceEqual(header.Slice(120, 16)), "header: MAC");
        return cipher;
    }

    /// <summary>Whether a slot copy ends in its MAC.</summary>
    internal bool IsSlot(ReadOnlySpan<byte> copy) => Mac("pagestore root slot", copy[..496].ToArray()).SequenceEqual(copy.Slice(496, 16));

    /// <summary>The plain block inside a sealed one.</summary>
    /// <param name="block">The sealed block.</param>
    /// <param name="random">The random bytes of its session.</param>
    /// <param name="location">Its offset in the file.</param>
    /// <param name="kind">The kind of its entry.</param>
    /// <param name="pfn">The page, or -1.</param>
    internal byte[] Open(ReadOnlySpan<byte> block, ReadOnlySpan<byte> random, long location, FormatKind kind, long pfn)
    {
        BrokenFormatException.Unless(block.Length > 32 && Bytes.U32(block, 12) == 0, "sealed block: size or reserved bytes");
        byte[] subkey = Hkdf([.. "pagestore session"u8, .. random, .. _fileId]);
        byte[] associated = [.. _fileId, .. BitConverter.GetBytes(location), (byte)kind, .. BitConverter.GetBytes(pfn)];
        byte[] plain = new byte[block.Length - 32];
        using var aes = new AesGcm(subkey, 16);
        try
        {
            aes.Decrypt(block[..12], block[16..^16], block[^16..], plain, associated);
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new BrokenFormatException($"sealed block at {location}: tag");
        }

        return plain;
    }

    private ReadOnlySpan<byte> Mac(string name, byte[] content) => HMACSHA256.HashData(Hkdf(Encoding.ASCII.GetBytes(name)), content).AsSpan(0, 16);

    private byte[] Hkdf(byte[] info) => HKDF.DeriveKey(HashAlgorithmName.SHA256, _master, 32, _salt, info);
}

/// <summary>What opens an encrypted file: 32 bytes or a passphrase.</summary>
public sealed record FormatKey(byte[]? Bytes, string? Passphrase = null);
