using System.Globalization;

namespace PageStore.Checkpoint;

/// <summary>Makes the exceptions for damaged files, so that each names its place in the same words.</summary>
internal static class Damage
{
    /// <summary>Something wrong at a file offset.</summary>
    public static CorruptDataException At(long offset, string what) =>
        new(string.Create(CultureInfo.InvariantCulture, $"offset {offset}: {what}")) { Offset = offset };

    /// <summary>The same, seen while reading one page of an epoch.</summary>
    public static CorruptDataException InPage(EpochId epoch, Pfn pfn, CorruptDataException cause) =>
        new($"epoch {epoch}, PFN {pfn}, {cause.Message}", cause) { Offset = cause.Offset, Epoch = epoch, Pfn = pfn };

    /// <summary>The same, seen while reading something else of an epoch.</summary>
    public static CorruptDataException InEpoch(EpochId epoch, string part, CorruptDataException cause) =>
        new($"epoch {epoch}, {part}, {cause.Message}", cause) { Offset = cause.Offset, Epoch = epoch, Pfn = cause.Pfn };
}
