namespace PageStore.Checkpoint;

/// <summary>What a guest demanded while it was resumed, and what was loaded without being demanded. It belongs to the epoch that was resumed. Whoever gets it disposes it.</summary>
public sealed class ResumeRecord : IDisposable
{
    internal ResumeRecord(EpochId epoch, PageBitmap demanded, PageBitmap loaded) => (Epoch, Demanded, Loaded) = (epoch, demanded, loaded);

    /// <summary>The epoch.</summary>
    public EpochId Epoch { get; }

    /// <summary>The pages that the guest waited for.</summary>
    public PageBitmap Demanded { get; }

    /// <summary>The pages that were loaded ahead. A log that sees them mapped takes them for read; the predictor must not.</summary>
    public PageBitmap Loaded { get; }

    /// <summary>The interval behind the resume as a predictor is to learn it.</summary>
    /// <param name="interval">What the log says of it.</param>
    /// <returns>The interval, with bitmaps lent by it and by this record.</returns>
    /// <exception cref="ArgumentException">The interval is of a guest of another size.</exception>
    public AccessInterval Amend(AccessInterval interval)
    {
        ArgumentNullException.ThrowIfNull(interval);
        if (interval.Written.Length < Demanded.Length)
        {
            throw new ArgumentException($"The interval has {interval.Written.Length} pages, the resumed epoch {Demanded.Length}: take one of the same guest.", nameof(interval));
        }

        return interval with { Demanded = Demanded, Replayed = Loaded };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Demanded.Dispose();
        Loaded.Dispose();
    }
}
