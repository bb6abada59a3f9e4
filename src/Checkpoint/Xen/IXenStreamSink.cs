namespace PageStore.Checkpoint;

/// <summary>
/// Takes what a <see cref="XenStreamReader"/> reads, in the order of the stream. It is called from one thread at a time. An
/// exception that it throws ends the reading and reaches the caller of the reader. Nothing it was given counts before the reader
/// has returned: a stream may turn out to be truncated after its last page.
/// </summary>
public interface IXenStreamSink : IPageSink
{
    /// <summary>Says what the stream holds. Called once, before any page.</summary>
    /// <param name="header">What the stream's headers say.</param>
    void OnHeader(XenStreamHeader header);

    /// <summary>
    /// Takes everything of the stream that is no page, byte for byte as it stands there. Each name comes at most once, a section
    /// that would be empty never.
    /// </summary>
    /// <param name="name">One of <see cref="XenSections"/>, which also says in what order they make the stream again.</param>
    /// <param name="bytes">The section; valid until this returns.</param>
    void OnSection(string name, ReadOnlySpan<byte> bytes);
}
