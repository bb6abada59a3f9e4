namespace PageStore.Checkpoint;

/// <summary>What a source says of a range of a disk.</summary>
public enum DiskExtentKind
{
    /// <summary>It may hold something else than zeros. A range that no such extent covers is zero.</summary>
    Data,

    /// <summary>It may have been written since the bitmap began to record. A range that no such extent covers was not.</summary>
    Changed,
}

/// <summary>A range of a disk of which a source says something.</summary>
/// <param name="Kind">What it says.</param>
/// <param name="Offset">Where the range begins, in bytes.</param>
/// <param name="Length">How many bytes it has.</param>
public readonly record struct DiskExtent(DiskExtentKind Kind, long Offset, long Length);
