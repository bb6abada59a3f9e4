namespace PageStore;

/// <summary>One recorded interval. Whoever read it disposes it.</summary>
public sealed class RecordedInterval : IDisposable
{
    private readonly long[] _firstTouches;

    internal RecordedInterval(AccessInterval accesses, long[] firstTouches) => (Accesses, _firstTouches) = (accesses, firstTouches);

    /// <summary>Makes an interval of sets that were had elsewhere; they are the interval's from now on.</summary>
    /// <param name="written">W.</param>
    /// <param name="read">R, or null.</param>
    public RecordedInterval(PageBitmap written, PageBitmap? read)
    {
        (Accesses, _firstTouches) = (new AccessInterval(written, read), []);
    }

    /// <summary>The sets.</summary>
    public AccessInterval Accesses { get; }

    /// <summary>The numbers of the pages in the order of their first access; empty where it was not recorded.</summary>
    public ReadOnlyMemory<long> FirstTouches => _firstTouches;

    /// <inheritdoc/>
    public void Dispose()
    {
        Accesses.Written.Dispose();
        Accesses.Read?.Dispose();
        Accesses.Demanded?.Dispose();
        Accesses.Replayed?.Dispose();
    }
}
