namespace PageStore.Checkpoint;

/// <summary>How a guest is resumed.</summary>
public sealed record LazyResumeOptions
{
    /// <summary>Most threads that read for one guest: enough requests under way for a disk, and no more than the processors bear.</summary>
    private const int MaxReaders = 4;

    /// <summary>Whether the epoch's pack is the plan where no other is given: its pages are read one behind the other.</summary>
    public bool UsePack { get; init; } = true;

    /// <summary>
    /// Whether what is neither planned nor demanded is loaded behind the running guest, until all is there. Without it the guest needs whoever serves it for as long as it runs.
    /// </summary>
    public bool BackgroundFill { get; init; } = true;

    /// <summary>
    /// How many bytes a second are loaded behind the running guest at most, above 0; null for as many as the host bears. Loading takes processors, caches and memory channels from the guest: a GiB takes about one
    /// processor's second (docs/benchmarks.md, "Resume of a machine"), so that the default takes a thirtieth of each.
    /// </summary>
    public long? BackgroundRate { get; init; } = (32L << 20) * Environment.ProcessorCount;

    /// <summary>
    /// How far around a page that the guest demanded its neighbours are loaded, in pages to each side, first the nearest; 0 for not at all. What a guest demands comes in runs of two or three
    /// pages (REAP, ASPLOS 2021), and some of what it demands is anywhere: much wider rings load what nobody wants before what is planned or next.
    /// </summary>
    public int BubblePages { get; init; } = 16;

    /// <summary>How many threads read and check pages, from 1 up. One more brings them.</summary>
    public int Readers { get; init; } = Math.Clamp(Environment.ProcessorCount / 2, 1, MaxReaders);

    /// <summary>By which <see cref="BackgroundRate"/> is kept.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    internal void Validate()
    {
        if (BackgroundRate is { } rate)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate, nameof(BackgroundRate));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(BubblePages);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Readers);
    }
}
