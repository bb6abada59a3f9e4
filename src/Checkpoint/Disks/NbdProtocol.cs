namespace PageStore.Checkpoint;

/// <summary>The numbers of the NBD protocol that a reader needs: doc/proto.md of the NBD project. All of them are big-endian on the wire.</summary>
internal static class NbdProtocol
{
    /// <summary>"NBDMAGIC": the server's first word.</summary>
    public const ulong InitMagic = 0x4e42444d41474943;

    /// <summary>"IHAVEOPT": its second, and the first of each option.</summary>
    public const ulong OptionMagic = 0x49484156454F5054;

    /// <summary>The second word of a server that has no options (the oldstyle handshake).</summary>
    public const ulong OldMagic = 0x00420281861253;

    public const ulong OptionReplyMagic = 0x3e889045565a9;
    public const uint RequestMagic = 0x25609513;
    public const uint SimpleReplyMagic = 0x67446698;
    public const uint ChunkMagic = 0x668e33ef;

    /// <summary>NBD_FLAG_FIXED_NEWSTYLE of the server, and the client's answer.</summary>
    public const ushort FixedNewstyle = 1;

    /// <summary>NBD_FLAG_NO_ZEROES of the server, and the client's answer.</summary>
    public const ushort NoZeroes = 2;

    /// <summary>NBD_FLAG_HAS_FLAGS of the transmission flags, which is always there.</summary>
    public const ushort HasFlags = 1;

    /// <summary>NBD_REPLY_FLAG_DONE: the last chunk of a reply.</summary>
    public const ushort Done = 1;

    /// <summary>No string of the protocol is longer.</summary>
    public const int MaxStringBytes = 4096;

    /// <summary>The most extents in one chunk of a block status.</summary>
    public const int MaxExtents = 1 << 20;

    /// <summary>NBD_STATE_ZERO of base:allocation: it reads as zeros.</summary>
    public const uint StateZero = 2;

    /// <summary>NBD_STATE_DIRTY of qemu:dirty-bitmap (docs/interop/nbd.txt of QEMU).</summary>
    public const uint StateDirty = 1;

    /// <summary>A server that says nothing else bears reads of 32 MiB.</summary>
    public const uint DefaultMaxPayload = 1 << 25;

    /// <summary>NBD_INFO_EXPORT and NBD_INFO_BLOCK_SIZE.</summary>
    public const ushort InfoExport = 0;

    public const ushort InfoBlockSize = 3;

    public const string Allocation = "base:allocation";
    public const string DirtyBitmap = "qemu:dirty-bitmap:";

    public enum Option : uint
    {
        Go = 7,
        StructuredReply = 8,
        SetMetaContext = 10,
    }

    public enum OptionReply : uint
    {
        Ack = 1,
        Info = 3,
        MetaContext = 4,
        Error = 1u << 31,
        Unsupported = Error + 1,
        Policy = Error + 2,
        TlsRequired = Error + 5,
        Unknown = Error + 6,
    }

    public enum Command : ushort
    {
        Read = 0,
        Disconnect = 2,
        BlockStatus = 7,
    }

    public enum Chunk : ushort
    {
        None = 0,
        Data = 1,
        Hole = 2,
        BlockStatus = 5,
        Error = 1 << 15,
    }
}
