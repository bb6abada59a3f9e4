namespace PageStore.Checkpoint;

/// <summary>Compares two epochs by content; run once.</summary>
internal sealed class EpochComparer(Epoch first, Epoch second, IProgress<long>? progress, CancellationToken cancellation)
{
    /// <summary>Pages between two reports of progress: 16 MiB of 4 KiB pages.</summary>
    private const long ProgressStep = 4096;

    private readonly bool _sameFile = first.Nodes.Blocks.IsOfSameFile(second.Nodes.Blocks);
    private readonly bool _sumsCompare = first.Nodes.Blocks.SumsCompare && second.Nodes.Blocks.SumsCompare;
    private readonly byte[] _firstPage = new byte[first.PageSize];
    private readonly byte[] _secondPage = new byte[first.PageSize];
    private readonly EpochComparison _result = new(new PageBitmap(Math.Max(first.PageCount, second.PageCount)));
    private long _visited;

    public EpochComparison Run()
    {
        try
        {
            var diff = new TreeRunDiff(second.Nodes, TreeKind.PageTable, _sameFile ? null : first.Nodes) { Visit = CompareRun, Cancellation = cancellation };
            diff.Run(first.Record.PageTable, second.Record.PageTable);
            _result.PagesCompared = first.PageCount - first.Record.Counts.Absent - _result.OnlyInFirst;
            progress?.Report(_visited);
            return _result;
        }
        catch
        {
            _result.Dispose();
            throw;
        }
    }

    /// <summary>Takes a run apart where one of the epochs ends: what lies behind its end is a hole.</summary>
    private void CompareRun(long start, long count, Entry before, Entry after)
    {
        long end = start + count;
        long shorter = Math.Min(first.PageCount, second.PageCount);
        long longer = Math.Max(first.PageCount, second.PageCount);
        Part(start, Math.Min(end, shorter), before, after);
        Part(Math.Max(start, shorter), Math.Min(end, longer), first.PageCount > shorter ? before : Entry.Absent, second.PageCount > shorter ? after : Entry.Absent);
    }

    private void Part(long start, long end, Entry before, Entry after)
    {
        if (end <= start || before == after && before.Kind == EntryKind.Absent)
        {
            return;
        }

        Compare(new PfnRun(new Pfn(start), end - start), before, after);
        _visited += end - start;
        if (_visited % ProgressStep == 0)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(_visited);
        }
    }

    private void Compare(PfnRun run, Entry before, Entry after)
    {
        bool inFirst = before.Kind != EntryKind.Absent;
        bool inSecond = after.Kind != EntryKind.Absent;
        if (inFirst != inSecond)
        {
            _result.OnlyInFirst += inFirst ? run.Count : 0;
            _result.OnlyInSecond += inSecond ? run.Count : 0;
            return;
        }

        _result.TypesDiffer += before.Type != after.Type ? run.Count : 0;
        if (inFirst && !HaveSameContent(run.First, before, after))
        {
            _result.PagesDiffer += run.Count;
            _result.DifferingPages.SetRange(run.First, run.Count);
        }
    }

    /// <summary>By sum first, where sums compare, then byte for byte: equal sums are not equal bytes.</summary>
    private bool HaveSameContent(Pfn pfn, Entry before, Entry after)
    {
        bool firstHasBlock = ClassCounts.ClassOf(before.Kind) == PageClass.Data;
        bool secondHasBlock = ClassCounts.ClassOf(after.Kind) == PageClass.Data;
        if (!firstHasBlock && !secondHasBlock)
        {
            // The word that is repeated stands in the place of the sum; of a zero page it is 0.
            return before.Sum == after.Sum;
        }

        bool sameBlock = _sameFile && before.WithType(after.Type) == after;
        return sameBlock || ((!_sumsCompare || SumOf(pfn, before, first) == SumOf(pfn, after, second)) && HaveSameBytes(pfn, before, after));
    }

    private ContentSum SumOf(Pfn pfn, Entry entry, Epoch epoch)
    {
        if (ClassCounts.ClassOf(entry.Kind) == PageClass.Data)
        {
            return entry.ContentSum;
        }

        epoch.ReadContent(pfn, entry, _firstPage);
        return ContentSum.Of(_firstPage);
    }

    private bool HaveSameBytes(Pfn pfn, Entry before, Entry after)
    {
        first.ReadContent(pfn, before, _firstPage);
        second.ReadContent(pfn, after, _secondPage);
        return _firstPage.AsSpan().SequenceEqual(_secondPage);
    }
}
