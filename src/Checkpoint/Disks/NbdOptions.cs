namespace PageStore.Checkpoint;

/// <summary>How an NBD server is spoken to.</summary>
public sealed record NbdOptions
{
    /// <summary>The bitmap of QEMU whose changes are asked for (the context <c>qemu:dirty-bitmap:NAME</c>); null for none.</summary>
    public string? Bitmap { get; init; }

    /// <summary>The longest time that the server may be silent, and the longest to connect; 60 seconds unless said otherwise.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Tells when the time is over. A seam for tests.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>With what stands before it, a name is one string of the protocol.</summary>
    private static int MaxNameBytes => NbdProtocol.MaxStringBytes - NbdProtocol.DirtyBitmap.Length;

    internal void Validate()
    {
        // The longest wait that a timer of the framework has.
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Timeout, TimeSpan.Zero, nameof(Timeout));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Timeout, TimeSpan.FromDays(24), nameof(Timeout));
        if (Bitmap is { } name && FormatText.CountBytes(name) is var bytes && (bytes < 1 || bytes > MaxNameBytes))
        {
            throw new ArgumentException($"The name of a bitmap has 1 to {MaxNameBytes} bytes of UTF-8.", nameof(Bitmap));
        }
    }
}
