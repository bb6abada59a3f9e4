namespace PageStore.Checkpoint;

/// <summary>The feature bits of docs/format.md: each has a name, so that a reader can refuse by it.</summary>
internal static class FormatFeatures
{
    private static readonly string[] RequiredNames = ["encryption", "patched pages", "shared blocks", "external blocks"];

    /// <summary>The header says how the file is encrypted.</summary>
    public const ulong Encryption = 1;

    /// <summary>Some page was stored as what differs from an earlier one: kind 5.</summary>
    public const ulong Patches = 2;

    /// <summary>Some block was named by several pages: kind 6.</summary>
    public const ulong SharedBlocks = 4;

    /// <summary>Pages have their blocks in a store outside the file.</summary>
    public const ulong External = 1 << 3;

    /// <summary>Optional: some epoch had a resume pack.</summary>
    public const ulong ResumePacks = 1;

    /// <summary>The required feature that a file with an entry of this kind has; 0 for kinds that every file may have.</summary>
    public static ulong Of(EntryKind kind) => kind switch
    {
        EntryKind.Patch => Patches,
        EntryKind.Shared => SharedBlocks,
        _ => 0,
    };

    /// <summary>Throws if a required feature is set that this version does not build.</summary>
    /// <param name="required">The required features.</param>
    /// <param name="known">Those that are read at that place.</param>
    /// <exception cref="UnsupportedException">Names the first one.</exception>
    public static void ThrowIfUnknown(ulong required, ulong known)
    {
        if ((required & ~known) is not 0 and var unknown)
        {
            int bit = System.Numerics.BitOperations.TrailingZeroCount(unknown);
            throw new UnsupportedException($"The checkpoint file uses {NameOf(bit)}, which this version of PageStore does not read. Use a newer PageStore.");
        }
    }

    private static string NameOf(int bit) => bit < RequiredNames.Length ? RequiredNames[bit] : $"required feature {bit}";
}
