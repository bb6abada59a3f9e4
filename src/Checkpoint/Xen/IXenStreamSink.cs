namespace PageStore.Checkpoint;

/// <summary>
/// Takes what a <see cref="XenStreamReader"/> reads, in the order of the stream. It is called from one thread at a time. An
/// exception that it throws ends the reading and reaches the caller of the reader. Nothing it was given counts before the reader
/// has returned or said that there is a checkpoint: a stream may turn out to be truncated after its last page.
/// </summary>
public interface IXenStreamSink : IPageSink
{
    /// <summary>Says what the stream holds. Called once, before any page.</summary>
    /// <param name="header">What the stream's headers say.</param>
    void OnHeader(XenStreamHeader header);

    /// <summary>
    /// Takes everything of the stream that is no page, byte for byte as it stands there. Each name comes at most once, those of
    /// <see cref="XenSections.AfterPages"/> once up to each checkpoint; a section that would be empty never.
    /// </summary>
    /// <param name="name">One of <see cref="XenSections"/>, which also says in what order they make the stream again.</param>
    /// <param name="bytes">The section; valid until this returns.</param>
    void OnSection(string name, ReadOnlySpan<byte> bytes);

    /// <summary>
    /// Says that a checkpointed stream, as Remus sends it, has come to a checkpoint: what it gave up to here is the guest at one moment, whole, with the
    /// state of its devices and processors, or without (such a guest cannot run again), whatever becomes of the rest. Pages that were written since follow, and that state again, up to the
    /// next one. Not called at the end of the stream.
    /// </summary>
    void OnCheckpoint();
}
