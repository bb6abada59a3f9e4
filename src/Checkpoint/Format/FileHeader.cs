using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>The header of the file: docs/format.md, "Header".</summary>
internal sealed record FileHeader(int PageSize, int SegmentShift, Guid FileId, DateTimeOffset Created, ulong RequiredFeatures, ulong OptionalFeatures)
{
    /// <summary>The version that this library reads and writes.</summary>
    public const ushort Version = 1;

    /// <summary>Where the sum stands.</summary>
    public const int SumOffset = 504;

    /// <summary>The first bytes of a file.</summary>
    public static ReadOnlySpan<byte> Magic => [0x89, 0x50, 0x53, 0x43, 0x4B, 0x0D, 0x0A, 0x1A];

    /// <summary>What a writer must know to write; a reader does not mind.</summary>
    public ushort WriteVersion { get; init; } = Version;

    /// <summary>How the file is encrypted; null for a plain one.</summary>
    public EncryptionHeader? Encryption { get; init; }

    /// <summary>
    /// The keys that opened it: so whoever has the header reads what is below it. Null for a plain file, and for an encrypted one that
    /// was not opened. They end with the reader or the writer that opened them.
    /// </summary>
    public FileKeys? Keys { get; init; }

    /// <summary>Where the blocks are that lie outside the file; null where there are none. It ends with the reader that opened it.</summary>
    public IBlockSource? Outside { get; init; }

    /// <summary>Whether blocks of pages lie in a store outside the file.</summary>
    public bool HasOutside => (RequiredFeatures & FormatFeatures.External) != 0;

    public long SegmentSize => 1L << SegmentShift;

    /// <summary>Writes the header.</summary>
    /// <param name="destination">At least <see cref="Layout.HeaderSize"/> bytes.</param>
    public void Write(Span<byte> destination)
    {
        destination[..Layout.HeaderSize].Clear();
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[8..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[10..], WriteVersion);
        BinaryPrimitives.WriteInt32LittleEndian(destination[12..], Layout.HeaderSize);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], RequiredFeatures);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], OptionalFeatures);
        BinaryPrimitives.WriteInt32LittleEndian(destination[32..], PageSize);
        BinaryPrimitives.WriteInt32LittleEndian(destination[36..], SegmentShift);
        FileId.TryWriteBytes(destination[40..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(destination[56..], UnixTime.ToMicroseconds(Created));
        if (Encryption is not null)
        {
            Encryption.Write(destination);
            Keys!.HeaderMac(destination[..Layout.HeaderSize], destination.Slice(EncryptionHeader.MacOffset, EncryptionHeader.MacSize));
        }

        BinaryPrimitives.WriteUInt64LittleEndian(destination[SumOffset..], ContentSum.Of(destination[..SumOffset]).Value);
    }

    /// <summary>Reads one copy of the header; null where its magic or its sum is wrong, so that the other copy can be tried.</summary>
    /// <exception cref="UnsupportedException">The header is in order, but of a version or with a feature that is not known.</exception>
    /// <exception cref="CorruptDataException">The sum is right and the content is not.</exception>
    public static FileHeader? TryRead(ReadOnlySpan<byte> source, long offset)
    {
        if (!source.StartsWith(Magic)
            || BinaryPrimitives.ReadUInt64LittleEndian(source[SumOffset..]) != ContentSum.Of(source[..SumOffset]).Value)
        {
            return null;
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(source[8..]);
        if (version != Version)
        {
            throw new UnsupportedException($"The checkpoint file needs a reader of format version {version}; this one reads version {Version}. Use a newer PageStore.");
        }

        var header = new FileHeader(
            BinaryPrimitives.ReadInt32LittleEndian(source[32..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[36..]),
            new Guid(source.Slice(40, 16), bigEndian: true),
            UnixTime.FromMicroseconds(BinaryPrimitives.ReadInt64LittleEndian(source[56..])),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[24..]))
        {
            WriteVersion = BinaryPrimitives.ReadUInt16LittleEndian(source[10..]),
        };
        FormatFeatures.ThrowIfUnknown(header.RequiredFeatures, FormatFeatures.Encryption | FormatFeatures.External);
        bool encrypted = (header.RequiredFeatures & FormatFeatures.Encryption) != 0;
        if (encrypted && header.HasOutside)
        {
            throw new UnsupportedException("The checkpoint file is encrypted and has blocks in a store, which this version of PageStore does not read. Use a newer PageStore.");
        }

        header = encrypted ? header with { Encryption = EncryptionHeader.Read(source, offset) } : header;
        header.ThrowIfInvalid(source, offset);
        return header;
    }

    private void ThrowIfInvalid(ReadOnlySpan<byte> source, long offset)
    {
        int reserved = EncryptionHeader.Offset + (Encryption is null ? 0 : EncryptionHeader.Size);
        int minShift = Encryption is null ? Layout.MinSegmentShift : Layout.MinSealedSegmentShift;
        if (BinaryPrimitives.ReadInt32LittleEndian(source[12..]) != Layout.HeaderSize || !PageSizes.IsValid(PageSize)
            || SegmentShift < minShift || SegmentShift > Layout.MaxSegmentShift || source[reserved..SumOffset].ContainsAnyExcept((byte)0))
        {
            throw Damage.At(offset, "the header's fields are out of range");
        }
    }
}
