using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PageStore.Checkpoint;

/// <summary>The SHA-256 of a plain page: what names it outside the file that it came from.</summary>
internal readonly record struct BlockHash(ulong A, ulong B, ulong C, ulong D)
{
    public const int Size = SHA256.HashSizeInBytes;

    /// <summary>Computes it. Thread-safe, allocates nothing.</summary>
    public static BlockHash Of(ReadOnlySpan<byte> content)
    {
        Span<byte> bytes = stackalloc byte[Size];
        SHA256.HashData(content, bytes);
        return Read(bytes);
    }

    public static BlockHash Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64BigEndian(source),
        BinaryPrimitives.ReadUInt64BigEndian(source[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(source[16..]),
        BinaryPrimitives.ReadUInt64BigEndian(source[24..]));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, A);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], B);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], C);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], D);
    }

    /// <summary>Lowercase hexadecimal digits, as sha256sum prints them.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
