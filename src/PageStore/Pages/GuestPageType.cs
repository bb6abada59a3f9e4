namespace PageStore;

/// <summary>
/// What a hypervisor says of a page: the four type bits of Xen's <c>XEN_DOMCTL_PFINFO_*</c>
/// (xen/include/public/domctl.h, bits 31:28), the same nibble that a libxc stream carries in bits 63:60 of each PFN.
/// Sources that know no types report <see cref="Normal"/> and <see cref="Absent"/>.
/// </summary>
public enum GuestPageType : byte
{
    /// <summary>An ordinary page (Xen: NOTAB).</summary>
    Normal = 0x0,

    /// <summary>A level 1 page table of a PV guest.</summary>
    L1Table = 0x1,

    /// <summary>A level 2 page table of a PV guest.</summary>
    L2Table = 0x2,

    /// <summary>A level 3 page table of a PV guest.</summary>
    L3Table = 0x3,

    /// <summary>A level 4 page table of a PV guest.</summary>
    L4Table = 0x4,

    /// <summary>A pinned level 1 page table (Xen: LPINTAB | L1TAB).</summary>
    PinnedL1Table = 0x9,

    /// <summary>A pinned level 2 page table.</summary>
    PinnedL2Table = 0xA,

    /// <summary>A pinned level 3 page table.</summary>
    PinnedL3Table = 0xB,

    /// <summary>A pinned level 4 page table.</summary>
    PinnedL4Table = 0xC,

    /// <summary>A page whose memory failed; it carries no data (Xen: BROKEN).</summary>
    Broken = 0xD,

    /// <summary>A page allocated and never populated; it carries no data (Xen: XALLOC).</summary>
    AllocateOnly = 0xE,

    /// <summary>No page at this number: a hole, or ballooned out; it carries no data (Xen: XTAB).</summary>
    Absent = 0xF,
}

/// <summary>Questions about a <see cref="GuestPageType"/>.</summary>
public static class GuestPageTypes
{
    /// <summary>Whether the value is one that Xen defines; 5 to 8 are not.</summary>
    public static bool IsDefined(GuestPageType type) =>
        type is <= GuestPageType.L4Table or (>= GuestPageType.PinnedL1Table and <= GuestPageType.Absent);

    /// <summary>Whether a page of this type carries data.</summary>
    public static bool HasData(GuestPageType type) => type < GuestPageType.Broken;
}
