namespace PageStore.Checkpoint;

/// <summary>How an epoch is written as a Xen stream.</summary>
public sealed record XenExportOptions
{
    /// <summary>What to write: what the epoch came from, a layer within it, or, of a guest without a device model, a suspend image of XAPI.</summary>
    public ImageFormat Format { get; init; } = ImageFormat.XlSave;

    /// <summary>
    /// Write also an epoch that is not known to be <see cref="EpochConsistency.Restorable"/>. A guest that is restored from it may crash at once, or later.
    /// </summary>
    public bool AllowUnrestorable { get; init; }
}
