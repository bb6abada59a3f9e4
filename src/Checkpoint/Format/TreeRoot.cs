namespace PageStore.Checkpoint;

/// <summary>The root of a tree: its root entry and height; 24 bytes in the file (docs/format.md, "Trees").</summary>
internal readonly record struct TreeRoot(Entry Root, int Height)
{
    public const int Size = 24;
    public const int FanOutShift = 6;
    public const int FanOut = 1 << FanOutShift;
    public const int MaxHeight = 7;

    /// <summary>The smallest height that holds <paramref name="keys"/> keys.</summary>
    public static int HeightFor(long keys)
    {
        int height = 0;
        while (height < MaxHeight && keys > 1L << (FanOutShift * height))
        {
            height++;
        }

        return height;
    }

    /// <summary>How many keys it can hold.</summary>
    public long Capacity => 1L << (FanOutShift * Height);

    public static TreeRoot Read(ReadOnlySpan<byte> source, long offset)
    {
        int height = source[16];
        if (height > MaxHeight || source[17..Size].ContainsAnyExcept((byte)0))
        {
            throw Damage.At(offset + 16, "the height of a tree is out of range");
        }

        return new TreeRoot(Entry.Read(source), height);
    }

    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        Root.Write(destination);
        destination[16] = (byte)Height;
    }
}

/// <summary>A byte string in the file: a tree of chunks and its length; 32 bytes (docs/format.md, "Byte strings").</summary>
internal readonly record struct BlobRef(TreeRoot Tree, long Length)
{
    public const int Size = 32;

    /// <summary>The most bytes one byte string may have: a libxc record has at most 128 MiB, a section may hold several.</summary>
    public const long MaxLength = 1L << 40;

    public static BlobRef Read(ReadOnlySpan<byte> source, long offset)
    {
        var blob = new BlobRef(TreeRoot.Read(source, offset), System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(source[TreeRoot.Size..]));
        bool empty = blob.Length == 0;
        if (blob.Length is < 0 or > MaxLength
            || (empty && blob != default)
            || (!empty && blob.Tree.Height != TreeRoot.HeightFor(ChunkCount(blob.Length))))
        {
            throw Damage.At(offset, "the length of a byte string does not fit its tree");
        }

        return blob;
    }

    public static long ChunkCount(long length) => (length + Layout.ChunkSize - 1) / Layout.ChunkSize;

    public void Write(Span<byte> destination)
    {
        Tree.Write(destination);
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(destination[TreeRoot.Size..], Length);
    }
}
