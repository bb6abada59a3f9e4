namespace PageStore.Checkpoint;

/// <summary>Puts pages of an image into one epoch. For one thread. The caller disposes it.</summary>
internal sealed class ImportedEpoch : IDisposable
{
    private readonly EpochBuilder _epoch;
    private readonly int _pageSize;
    private readonly Epoch? _parent;
    private readonly PageBitmap _mentioned = new(0);

    /// <summary>Makes an epoch of an image.</summary>
    /// <param name="epoch">The epoch under way, which becomes this one's.</param>
    /// <param name="pageSize">In bytes.</param>
    /// <param name="parent">The parent of an image that is the whole guest; null where there is none, or the image says what changed.</param>
    public ImportedEpoch(EpochBuilder epoch, int pageSize, Epoch? parent)
    {
        _epoch = epoch;
        _pageSize = pageSize;
        _parent = parent;
    }

    /// <summary>The epoch under way.</summary>
    public EpochBuilder Builder => _epoch;

    /// <summary>Puts a batch of pages, as <see cref="IPageSink.OnPages"/> has it.</summary>
    public void PutPages(ReadOnlySpan<Pfn> pfns, ReadOnlySpan<GuestPageType> types, ReadOnlySpan<byte> pages)
    {
        for (int at = 0; at < pfns.Length;)
        {
            int run = RunFrom(at, pfns, types);
            PutRun(pfns[at], types.Slice(at, run), ref pages);
            at += run;
        }
    }

    /// <summary>Commits.</summary>
    public EpochInfo Commit()
    {
        RemoveUnmentioned();
        return _epoch.Commit();
    }

    public void Dispose()
    {
        _epoch.Dispose();
        _mentioned.Dispose();
    }

    /// <summary>
    /// Makes those pages absent that the parent has and the image did not mention: the image is the whole guest. Pages behind the
    /// image's end go with the guest's size.
    /// </summary>
    private void RemoveUnmentioned()
    {
        if (_parent is null)
        {
            return;
        }

        _mentioned.EnsureLength(_epoch.PageCount);
        foreach (PfnRun run in _parent.EntryRuns())
        {
            Pfn end = new(Math.Min(run.End.Value, _epoch.PageCount));
            for (Pfn from = run.First; from < end && _mentioned.TryNextClear(from, out Pfn gap) && gap < end;)
            {
                from = _mentioned.TryNextSet(gap, out Pfn next) && next < end ? next : end;
                _epoch.SetAbsent(new PfnRun(gap, from - gap));
            }
        }
    }

    /// <summary>How many consecutive pages begin here that are alike in having data, or in the reason for having none.</summary>
    private static int RunFrom(int at, ReadOnlySpan<Pfn> pfns, ReadOnlySpan<GuestPageType> types)
    {
        int run = 1;
        while (at + run < pfns.Length && pfns[at + run] == pfns[at] + run && Alike(types[at], types[at + run]))
        {
            run++;
        }

        return run;
    }

    private static bool Alike(GuestPageType a, GuestPageType b) =>
        GuestPageTypes.HasData(a) ? GuestPageTypes.HasData(b) : a == b;

    private void PutRun(Pfn first, ReadOnlySpan<GuestPageType> types, ref ReadOnlySpan<byte> pages)
    {
        if (GuestPageTypes.HasData(types[0]))
        {
            int bytes = types.Length * _pageSize;
            _epoch.WritePages(first, pages[..bytes], types);
            pages = pages[bytes..];
        }
        else
        {
            _epoch.SetAbsent(new PfnRun(first, types.Length), types[0]);
        }

        if (_parent is not null)
        {
            Mention(first, types.Length);
        }
    }

    private void Mention(Pfn first, int count)
    {
        long end = first.Value + count;
        if (end > _mentioned.Length)
        {
            // Doubling, because the image does not say its size beforehand.
            _mentioned.EnsureLength(Math.Min(Math.Max(end, 2 * _mentioned.Length), Pfn.MaxValue + 1));
        }

        _mentioned.SetRange(first, count);
    }
}
