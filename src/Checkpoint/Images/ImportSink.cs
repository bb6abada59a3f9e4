namespace PageStore.Checkpoint;

/// <summary>Puts what an image's reader delivers into an epoch. For one thread. The caller disposes it.</summary>
internal sealed class ImportSink : IXenStreamSink, IDisposable
{
    /// <summary>Pages between two reports of progress: 16 MiB of 4 KiB pages.</summary>
    private const long ProgressStep = 4096;

    private readonly EpochBuilder _epoch;
    private readonly int _pageSize;
    private readonly IProgress<long>? _progress;
    private readonly Epoch? _parent;
    private readonly PageBitmap _mentioned = new(0);
    private long _pages;
    private long _reported;

    public ImportSink(EpochBuilder epoch, CheckpointWriter writer, IProgress<long>? progress)
    {
        _epoch = epoch;
        _pageSize = writer.PageSize;
        _progress = progress;
        _parent = writer.Newest is { } newest ? writer.OpenEpoch(newest) : null;
    }

    public void OnHeader(XenStreamHeader header)
    {
        // What it says is in the sections, too, byte for byte.
    }

    public void OnSection(string name, ReadOnlySpan<byte> bytes)
    {
        using var content = new MemoryStream(bytes.ToArray());
        _epoch.AddState(name, content);
    }

    public void OnPages(ReadOnlySpan<Pfn> pfns, ReadOnlySpan<GuestPageType> types, ReadOnlySpan<byte> pages)
    {
        for (int at = 0; at < pfns.Length;)
        {
            int run = RunFrom(at, pfns, types);
            PutRun(pfns[at], types.Slice(at, run), ref pages);
            at += run;
        }

        Report(pfns.Length);
    }

    /// <summary>
    /// Makes those pages absent that the parent has and the image did not mention: the image is the whole guest. Pages behind the
    /// image's end go with the guest's size.
    /// </summary>
    public void RemoveUnmentioned()
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

    public void Dispose() => _mentioned.Dispose();

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

    private void Report(int pages)
    {
        _pages += pages;
        if (_pages - _reported >= ProgressStep)
        {
            _reported = _pages;
            _progress?.Report(_pages);
        }
    }
}
