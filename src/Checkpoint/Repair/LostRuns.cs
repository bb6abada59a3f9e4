namespace PageStore.Checkpoint;

/// <summary>
/// The pages that an epoch lost, made from those of its base by ascending changes: where both share a part of the table, they lost the same of it.
/// </summary>
/// <param name="inherited">The runs of the base, ascending and apart.</param>
/// <param name="onInherited">Called for each run that was lost with the base.</param>
internal sealed class LostRuns(IReadOnlyList<PfnRun> inherited, Action<PfnRun> onInherited)
{
    /// <summary>16 MiB of runs; more damages than this and the epoch is given up.</summary>
    public const int MaxRuns = 1 << 20;

    private readonly List<PfnRun> _runs = [];
    private int _next;
    private long _done;

    /// <summary>Says what became of a run of pages; it begins where the one before it ended or behind that.</summary>
    public void Set(long first, long count, bool lost)
    {
        CopyInherited(first);
        _done = first + count;
        if (lost)
        {
            Append(first, count);
        }
    }

    /// <summary>All runs below the end of the guest.</summary>
    public IReadOnlyList<PfnRun> Finish(long pageCount)
    {
        CopyInherited(pageCount);
        return _runs;
    }

    /// <summary>Copies what the base lost from the last change on up to <paramref name="end"/>.</summary>
    private void CopyInherited(long end)
    {
        for (; _next < inherited.Count && inherited[_next].First.Value < end; _next++)
        {
            PfnRun run = inherited[_next];
            long from = Math.Max(run.First.Value, _done);
            long to = Math.Min(run.End.Value, end);
            if (to > from)
            {
                Append(from, to - from);
                onInherited(new PfnRun(new Pfn(from), to - from));
            }

            if (run.End.Value > end)
            {
                break;
            }
        }
    }

    private void Append(long first, long count)
    {
        if (_runs.Count > 0 && _runs[^1].End.Value == first)
        {
            _runs[^1] = _runs[^1] with { Count = _runs[^1].Count + count };
            return;
        }

        if (_runs.Count == MaxRuns)
        {
            throw new CorruptDataException($"More than {MaxRuns} separate runs of pages are lost.");
        }

        _runs.Add(new PfnRun(new Pfn(first), count));
    }
}
