namespace PageStore.Checkpoint;

/// <summary>How an image is imported.</summary>
public sealed record ImportOptions
{
    /// <summary>A text for people that each epoch carries, at most 1024 bytes of UTF-8; null for none.</summary>
    public string? Label { get; init; }

    /// <summary>The limits within which a Xen stream is read; the page limit holds for raw images as well.</summary>
    public XenStreamOptions Stream { get; init; } = new();

    /// <summary>
    /// Called behind each commit, before any more of the stream is taken: once for most images, for each checkpoint of a checkpointed stream. Between two
    /// calls no epoch is under way, so the writer may prune in it. An exception ends the import; what was committed stays.
    /// </summary>
    public Action<EpochInfo>? Committed { get; init; }
}
