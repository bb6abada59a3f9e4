namespace PageStore.Checkpoint;

/// <summary>What all sections of a stream together may still take.</summary>
internal sealed class SectionBudget
{
    private readonly int _limit;
    private long _taken;

    public SectionBudget(int limit) => _limit = limit;

    /// <summary>Counts <paramref name="bytes"/> more, before they are read.</summary>
    /// <exception cref="UnsupportedException">They are more than the limit allows.</exception>
    public void Take(long bytes, StreamPlace place)
    {
        if (bytes > _limit - _taken)
        {
            throw place.Unsupported(
                $"its {bytes} bytes bring what is kept besides pages to {_taken + bytes} bytes, and the limit is {_limit}",
                $"If the stream is to be trusted, raise {nameof(XenStreamOptions)}.{nameof(XenStreamOptions.MaxSectionBytes)}.");
        }

        _taken += bytes;
    }
}
