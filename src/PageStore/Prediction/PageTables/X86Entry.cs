namespace PageStore;

/// <summary>An entry of a page table of x86-64 (Intel SDM volume 3A, section 4.5; AMD64 APM volume 2, section 5.3).</summary>
internal readonly record struct X86Entry(ulong Value)
{
    /// <summary>Entries in a table.</summary>
    public const int PerTable = 512;

    /// <summary>Pages behind an entry of a page directory that maps them itself: 2 MiB.</summary>
    public const int PagesPerLargePage = 512;

    private const ulong PresentBit = 1;
    private const ulong WritableBit = 1 << 1;
    private const ulong UserBit = 1 << 2;
    private const ulong AccessedBit = 1 << 5;
    private const ulong DirtyBit = 1 << 6;
    private const ulong LargeBit = 1 << 7;

    /// <summary>Bits 8 to 11: global, and three that systems use; zero in Linux's entries that lead to a table.</summary>
    private const ulong TableIgnoredBits = 0xf00;
    private const ulong NoExecuteBit = 1UL << 63;

    /// <summary>Bits 52 to 62: free for systems and protection keys, zero in Linux's entries that lead to a table.</summary>
    private const ulong HighBits = 0x7ffUL << 52;
    private const ulong AddressBits = 0x000f_ffff_ffff_f000;

    public bool IsPresent => (Value & PresentBit) != 0;

    public bool IsUser => (Value & UserBit) != 0;

    public bool IsAccessed => (Value & AccessedBit) != 0;

    public bool IsDirty => (Value & DirtyBit) != 0;

    public bool IsLarge => (Value & LargeBit) != 0;

    public bool IsWritable => (Value & WritableBit) != 0;

    public bool IsExecutable => (Value & NoExecuteBit) == 0;

    /// <summary>The number of the page that it names.</summary>
    public long Page => (long)((Value & AddressBits) >> 12);

    /// <summary>Whether this leads from a root to a table that is in use, in the way of a kernel: present, writable, accessed, and nothing else.</summary>
    public bool LeadsToTable =>
        (Value & (PresentBit | WritableBit | AccessedBit)) == (PresentBit | WritableBit | AccessedBit)
        && (Value & (LargeBit | TableIgnoredBits | HighBits | NoExecuteBit)) == 0;
}
