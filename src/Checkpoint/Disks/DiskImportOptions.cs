namespace PageStore.Checkpoint;

/// <summary>How a disk is imported.</summary>
public sealed record DiskImportOptions
{
    /// <summary>A text for people that the epoch carries, at most 1024 bytes of UTF-8; null for none.</summary>
    public string? Label { get; init; }

    /// <summary>
    /// The bitmap that records what is written to the disk from the moment on that the epoch shows, or from an earlier one: the next import may then ask for it, and nothing else. Null stands for the
    /// source's own <see cref="IDiskImage.Bitmap"/>, which is right where that one goes on to record.
    /// </summary>
    public string? NextBitmap { get; init; }

    /// <summary>Read the whole disk, and fail where something changed of which the bitmap says nothing. For whoever wants to know whether his bitmaps can be trusted.</summary>
    public bool VerifyBitmap { get; init; }

    /// <summary>The most pages that a disk may have, from 1 to 2^40; by default 2^30, 4 TiB of the smallest pages.</summary>
    public long MaxPageCount { get; init; } = 1L << 30;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxPageCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxPageCount, Pfn.MaxValue + 1);
        if (NextBitmap is { } name && FormatText.CountBytes(name) is < 1 or > DiskInfo.MaxNameBytes)
        {
            throw new ArgumentException($"The name of a bitmap has 1 to {DiskInfo.MaxNameBytes} bytes of UTF-8.", nameof(NextBitmap));
        }
    }
}
