namespace PageStore;

/// <summary>The mean slow frequency of the pages around one, itself included; asked in ascending order, so that a window slides over the history.</summary>
internal sealed class NeighbourSum(AccessHistory history, int radius)
{
    private int _first;
    private int _end;

    // In double precision: what was added is taken out again, a million times.
    private double _sum;

    public float Around(Pfn page)
    {
        for (; _end < history.Count && history.PageAt(_end) - page <= radius; _end++)
        {
            _sum += history.SlowAt(_end);
        }

        for (; _first < _end && page - history.PageAt(_first) > radius; _first++)
        {
            _sum -= history.SlowAt(_first);
        }

        return _first == _end ? 0 : (float)Math.Max(0, _sum / ((2 * radius) + 1));
    }
}
