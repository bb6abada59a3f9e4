namespace PageStore.Checkpoint;

/// <summary>How an image is imported.</summary>
public sealed record ImportOptions
{
    /// <summary>A text for people that the epoch carries, at most 1024 bytes of UTF-8; null for none.</summary>
    public string? Label { get; init; }

    /// <summary>The limits within which a Xen stream is read; the page limit holds for raw images as well.</summary>
    public XenStreamOptions Stream { get; init; } = new();
}
