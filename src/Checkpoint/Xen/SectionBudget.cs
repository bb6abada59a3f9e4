namespace PageStore.Checkpoint;

/// <summary>What all sections of a stream together may still take.</summary>
internal sealed class SectionBudget
{
    private readonly int _limit;
    private long _taken;
    private long _kept;

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

    /// <summary>What was taken up to here belongs to each checkpoint of the stream.</summary>
    public void Keep() => _kept = _taken;

    /// <summary>Forgets what the checkpoint before took for itself: it is handed on, and the next one has as much again.</summary>
    public void BeginCheckpoint() => _taken = _kept;
}
