namespace PageStore.Checkpoint;

/// <summary>What a tree maps from and to; it decides which entries its leaves may hold.</summary>
internal enum TreeKind
{
    PageTable,
    EpochDirectory,
    SegmentTable,
    Blob,
    SessionTable,
}

/// <summary>The rules of docs/format.md, "Entries", for entries read from a file: each returns what is wrong, or null.</summary>
internal static class EntryRules
{
    /// <summary>Checks the root entry of a tree. A byte string has no absent leaf, but an empty tree of any kind is an absent root.</summary>
    public static string? CheckRoot(TreeRoot root, TreeKind tree) =>
        root.Height > 0 ? CheckInner(root.Root, tree) : root.Root.IsPlainAbsent ? null : CheckLeaf(root.Root, tree);

    /// <summary>Checks an entry above the leaves: absent, zero (page tables) or a node.</summary>
    public static string? CheckInner(Entry entry, TreeKind tree) => entry.Kind switch
    {
        EntryKind.Absent => entry.IsPlainAbsent ? null : "an absent subtree with stray bits",
        EntryKind.Zero when tree == TreeKind.PageTable => entry == Entry.Zero ? null : "a zero subtree with stray bits",
        EntryKind.Node => entry.Type == 0 ? null : "a node entry with a page type",
        _ => $"entry kind {(int)entry.Kind} above the leaves",
    };

    /// <summary>Checks a leaf entry.</summary>
    public static string? CheckLeaf(Entry entry, TreeKind tree)
    {
        if (!IsLeafKind(entry.Kind, tree))
        {
            return $"entry kind {(int)entry.Kind} in {Describe(tree)}";
        }

        return tree == TreeKind.PageTable ? CheckPage(entry) : CheckOther(entry, tree);
    }

    /// <summary>Checks the entry in a patch that names its base.</summary>
    public static string? CheckBase(Entry entry) => !entry.IsWhole ? $"entry kind {(int)entry.Kind}" : entry.Type != 0 ? "an entry with a page type" : CheckFields(entry);

    private static bool IsLeafKind(EntryKind kind, TreeKind tree) => tree switch
    {
        TreeKind.PageTable => kind <= EntryKind.External,
        TreeKind.EpochDirectory => kind is EntryKind.Absent or EntryKind.Record or EntryKind.Dropped,
        TreeKind.SessionTable => kind is EntryKind.Absent or EntryKind.Record,
        TreeKind.SegmentTable => kind is EntryKind.Absent or EntryKind.Segment,
        _ => kind is EntryKind.Absent or EntryKind.Raw or EntryKind.Lz4,
    };

    private static string? CheckPage(Entry entry)
    {
        if (!GuestPageTypes.IsDefined(entry.Type) || entry.Type == GuestPageType.Absent)
        {
            return $"page type {(int)entry.Type}";
        }

        if (entry.Kind != EntryKind.Absent && !GuestPageTypes.HasData(entry.Type))
        {
            return $"content under page type {(int)entry.Type}, which has none";
        }

        if (entry.Kind == EntryKind.Absent && GuestPageTypes.HasData(entry.Type) && entry.Type != GuestPageType.Normal)
        {
            return $"an absent page of type {(int)entry.Type}";
        }

        return CheckFields(entry);
    }

    private static string? CheckOther(Entry entry, TreeKind tree) =>
        tree == TreeKind.SegmentTable ? null : entry.Type == 0 ? CheckFields(entry) : "a page type outside a page table";

    private static string? CheckFields(Entry entry) => entry.Kind switch
    {
        EntryKind.Absent or EntryKind.Zero when entry.Offset != 0 || entry.LengthField != 0 || entry.Sum != 0 => "an entry without content has stray bits",
        EntryKind.Repeated when entry.Offset != 0 || entry.LengthField != 0 || entry.Sum == 0 => "a repeated word with stray bits",
        EntryKind.Raw when entry.LengthField != 0 => "a raw entry with a length",
        EntryKind.External when entry.StoredBytes != BlockHash.Size => "an external entry whose block is no SHA-256",
        EntryKind.Dropped when entry.Offset != 0 || entry.LengthField != 0 => "a dropped epoch with stray bits",
        _ => null,
    };

    private static string Describe(TreeKind tree) => tree switch
    {
        TreeKind.PageTable => "a page table",
        TreeKind.EpochDirectory => "the epoch directory",
        TreeKind.SegmentTable => "the segment table",
        TreeKind.SessionTable => "the session table",
        _ => "a byte string",
    };
}
