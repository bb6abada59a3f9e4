namespace PageStore.Checkpoint;

/// <summary>The kind of guest in a Xen stream, by the numbers of the domain header (docs/specs/libxc-migration-stream of Xen).</summary>
public enum XenGuestType
{
    /// <summary>A paravirtualized guest: its page tables are pages of their own types and hold page frame numbers.</summary>
    Pv = 1,

    /// <summary>A guest with hardware virtualization: HVM or PVH, which a stream does not tell apart.</summary>
    Hvm = 2,
}

/// <summary>What the headers of a Xen stream say.</summary>
/// <param name="Format">The outermost layer.</param>
/// <param name="LibxcVersion">The version of the libxc stream: 2 (Xen 4.6 to 4.13) or 3 (since 4.14).</param>
/// <param name="GuestType">The kind of guest.</param>
/// <param name="XenMajor">The major version of the Xen that saved it; 0 where a legacy stream was converted.</param>
/// <param name="XenMinor">The minor version of the Xen that saved it; the converter's version where <paramref name="XenMajor"/> is 0.</param>
public sealed record XenStreamHeader(ImageFormat Format, int LibxcVersion, XenGuestType GuestType, uint XenMajor, uint XenMinor);

/// <summary>What was read of a Xen stream.</summary>
/// <param name="Header">What its headers say.</param>
/// <param name="Bytes">The length of the stream in bytes.</param>
/// <param name="Records">How many records it has, libxl's and libxc's.</param>
/// <param name="PageEntries">How many pages were delivered, repeated ones counted each time.</param>
/// <param name="DataPages">How many of them carried data.</param>
/// <param name="VerifyEntries">
/// How many pages followed a VERIFY record and were not delivered: the sender repeats its memory there for comparison only.
/// </param>
public sealed record XenStreamSummary(
    XenStreamHeader Header, long Bytes, long Records, long PageEntries, long DataPages, long VerifyEntries)
{
    /// <summary>How many checkpoints it had; 0 for a stream that is no checkpointed one.</summary>
    public long Checkpoints { get; init; }

    /// <summary>
    /// Whether a checkpointed stream ends before its end, as it does when its sender is gone: it is whole up to its last checkpoint, and what was given
    /// behind that is to be thrown away.
    /// </summary>
    public bool IsCutOff { get; init; }

    /// <summary>Whether its end follows a checkpoint at once, so that nothing was given behind that.</summary>
    public bool EndsAtCheckpoint { get; init; }

    /// <summary>
    /// How many records of the layers around the pages were not given, because they stand behind the end of a stream that follows a checkpoint at once: the guest of that checkpoint is whole without them, and they
    /// describe a later moment, of which there is neither memory nor state. 0 for every other stream; no release of Xen writes any.
    /// </summary>
    public long RecordsDropped { get; init; }
}
