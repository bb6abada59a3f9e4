namespace PageStore.Checkpoint;

/// <summary>The feature bits of docs/format.md: each has a name, so that a reader can refuse by it.</summary>
internal static class FormatFeatures
{
    private static readonly string[] RequiredNames = ["encryption", "patched pages", "shared blocks", "external blocks"];

    /// <summary>Throws if any required feature is set: this version builds none of them.</summary>
    /// <exception cref="UnsupportedException">Names the first one.</exception>
    public static void ThrowIfUnknown(ulong required)
    {
        if (required != 0)
        {
            int bit = System.Numerics.BitOperations.TrailingZeroCount(required);
            throw new UnsupportedException($"The checkpoint file uses {NameOf(bit)}, which this version of PageStore does not read. Use a newer PageStore.");
        }
    }

    private static string NameOf(int bit) => bit < RequiredNames.Length ? RequiredNames[bit] : $"required feature {bit}";
}
