namespace PageStore.Checkpoint.Tests;

/// <summary>Writes a history through the library and keeps the oracle beside it.</summary>
internal sealed class HistoryWriter(History history, Func<CheckpointWriter> create, Func<CheckpointWriter> open)
{
    private readonly List<ModelEpoch> _epochs = [];
    private readonly List<ModelEpoch> _ever = [];
    private (CheckpointWriter Writer, PackKeeper Packs)? _keeper;

    /// <summary>Goes on with a file that holds epochs already.</summary>
    public HistoryWriter(History history, IReadOnlyList<ModelEpoch> epochs, long lastId)
        : this(history, () => throw new NotSupportedException("The file is there."), () => throw new NotSupportedException("The caller opens the file."))
    {
        _epochs.AddRange(epochs);
        LastId = lastId;
    }

    /// <summary>The committed epochs, as they must read.</summary>
    public IReadOnlyList<ModelEpoch> Epochs => _epochs;

    /// <summary>All that were ever committed: of a damaged file dropped ones may come back.</summary>
    public IReadOnlyList<ModelEpoch> Ever => _ever;

    /// <summary>What the library returned from the commit of each of them.</summary>
    public List<EpochInfo> Infos { get; } = [];

    /// <summary>The id of the epoch that was committed last, kept or not.</summary>
    public long LastId { get; private set; }

    public void Run()
    {
        CheckpointWriter writer = create();
        try
        {
            foreach (EpochPlan plan in history.Epochs)
            {
                WriteEpoch(writer, plan);
                if (plan.Reopen)
                {
                    writer.Dispose();
                    writer = open();
                }
            }
        }
        finally
        {
            writer.Dispose();
        }
    }

    /// <summary>Writes one epoch; if this throws, no oracle is kept for it.</summary>
    public void WriteEpoch(CheckpointWriter writer, EpochPlan plan)
    {
        int choice = plan.Parent < 0 ? _epochs.Count - 1 : plan.Parent % (_epochs.Count + 1);
        ModelEpoch? parent = choice >= 0 && choice < _epochs.Count ? _epochs[choice] : null;
        var model = ModelEpoch.Begin(LastId + 1, parent, plan.PageCount, plan.Label);
        var options = new EpochOptions
        {
            Parent = parent is null ? null : new EpochId(parent.Id),
            PageCount = plan.PageCount,
            Label = plan.Label,
            SkipUnchanged = plan.SkipUnchanged,
            Consistency = (EpochConsistency)(model.Id % 3),
            GuestId = new Guid((int)model.Id, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
            Packs = plan.Kept ? KeeperOf(writer) : null,
        };
        using EpochBuilder builder = writer.BeginEpoch(options);
        foreach (PageStep step in plan.Steps)
        {
            WriteStep(builder, model, step, plan.SkipUnchanged);
        }

        AddSections(builder, model, plan);
        SetReadSet(builder, model, plan);
        if (!plan.Abandon)
        {
            model.Finish();
            Infos.Add(builder.Commit());
            Keep(model, plan, Infos[^1]);
            _epochs.Add(model);
            _ever.Add(model);
            LastId = model.Id;
        }

        builder.Dispose();
        Pack(writer, plan);
        Prune(writer, plan);
    }

    private PackKeeper KeeperOf(CheckpointWriter writer)
    {
        if (_keeper?.Writer != writer)
        {
            _keeper = (writer, new PackKeeper(writer, new TouchedPages(), budget: 1));
        }

        return _keeper.Value.Packs;
    }

    /// <summary>The pack of an epoch that is kept is what it touched. Of others nothing is noted: they may have lost theirs, which is right of any epoch, and their models are shared.</summary>
    private void Keep(ModelEpoch model, EpochPlan plan, EpochInfo info)
    {
        Pfn[] touched = plan.Kept && model.Parent is not null ? [.. model.Written.Union(model.Read ?? []).Order().Select(pfn => new Pfn(pfn))] : [];
        if (plan.Kept && touched.Length != (info.Pack?.Pages ?? 0))
        {
            throw new InvalidOperationException($"epoch {info.Id} has a pack of {info.Pack?.Pages} pages, and touched {touched.Length}");
        }

        if (touched.Length > 0)
        {
            model.Packs.Add(touched);
        }
    }

    /// <summary>Drops what a plan says.</summary>
    public void Prune(CheckpointWriter writer, EpochPlan plan)
    {
        HashSet<long> dropped = [.. _epochs.SkipLast(1).Where((_, at) => (plan.PruneMask >> at & 1) != 0).Select(model => model.Id)];
        if (dropped.Count == 0)
        {
            return;
        }

        PruneReport report = writer.Prune(new PrunePolicy { KeepIf = id => !dropped.Contains(id.Value), ReturnSpace = plan.ReturnSpace });
        if (!dropped.SetEquals(report.Dropped.Select(id => id.Value)))
        {
            throw new InvalidOperationException($"dropped {string.Join(' ', report.Dropped)}, not {string.Join(' ', dropped)}");
        }

        _epochs.RemoveAll(model => dropped.Contains(model.Id));
        Infos.RemoveAll(info => dropped.Contains(info.Id.Value));
    }

    /// <summary>Gives an epoch a pack, or takes one away, as a plan says.</summary>
    public void Pack(CheckpointWriter writer, EpochPlan plan)
    {
        if (plan.Pack is not { } seed || _epochs.Count == 0)
        {
            return;
        }

        var random = new Random(seed);
        ModelEpoch model = seed % 2 == 0 ? _epochs[^1] : _epochs[random.Next(_epochs.Count)];
        var id = new EpochId(model.Id);
        if (seed % 5 == 0 || model.PageCount == 0)
        {
            bool had = writer.DropPack(id);
            model.Packs.Add(null);
            _ = had == (model.Packs.Count > 1 && model.Packs[^2] is not null) ? had : throw new InvalidOperationException($"the pack of epoch {id} was dropped: {had}");
            return;
        }

        // Pages that were written, and holes around them.
        long[] likely = [.. model.Pages.Keys, .. Enumerable.Range(0, (int)Math.Min(model.PageCount, 400)).Select(pfn => (long)pfn)];
        Pfn[] pages = [.. Enumerable.Range(0, random.Next(1, 120)).Select(_ => likely[random.Next(likely.Length)]).Distinct().Select(pfn => new Pfn(pfn))];
        EpochInfo info = writer.WritePack(new ResumePlan(id, pages, model.PageCount));
        int at = Infos.FindIndex(known => known.Id == id);
        if (at >= 0)
        {
            Infos[at] = info;
        }

        model.Packs.Add([.. pages.Order()]);
    }

    private void WriteStep(EpochBuilder builder, ModelEpoch model, PageStep step, bool skipUnchanged)
    {
        if (step.Filling is null)
        {
            builder.SetAbsent(new PfnRun(new Pfn(step.First), step.Count), step.Type);
            for (int i = 0; i < step.Count; i++)
            {
                model.Remove(step.First + i, step.Type);
            }

            return;
        }

        byte[] pages = new byte[step.Count * history.PageSize];
        var types = new GuestPageType[step.Count];
        Array.Fill(types, step.Type);
        for (int i = 0; i < step.Count; i++)
        {
            Span<byte> page = pages.AsSpan(i * history.PageSize, history.PageSize);
            Fill(page, step.Filling.Value, step.Seed + i, model.Parent?.PageOf(step.First + i));
            model.Write(step.First + i, page.ToArray(), step.Type, skipUnchanged);
        }

        builder.WritePages(new Pfn(step.First), pages, step.Type == GuestPageType.Normal ? default : types);
    }

    private static void Fill(Span<byte> page, Filling filling, int seed, ModelPage? parent)
    {
        var random = new Random(seed);
        page.Clear();
        switch (filling)
        {
            case Filling.Zero:
                break;
            case Filling.Repeated:
                for (int i = 0; i < page.Length; i += 8)
                {
                    BitConverter.TryWriteBytes(page[i..], seed + 1L);
                }

                break;
            case Filling.Compressible:
                random.NextBytes(page[..random.Next(1, page.Length / 2)]);
                break;
            case Filling.LikeParent when parent is { Content.Length: > 0 }:
                parent.Content.CopyTo(page);
                break;
            case Filling.Changed when parent is { Content.Length: > 0 }:
                parent.Content.CopyTo(page);
                random.NextBytes(page.Slice(random.Next(page.Length - 8), random.Next(1, 9)));
                break;
            case Filling.Common:
                // Contents that do not pack, and such that do.
                new Random(seed % 5).NextBytes(page[..(seed % 2 == 0 ? page.Length : page.Length / 3)]);
                break;
            default:
                random.NextBytes(page);
                break;
        }
    }

    private static void AddSections(EpochBuilder builder, ModelEpoch model, EpochPlan plan)
    {
        for (int i = 0; i < plan.Sections.Count; i++)
        {
            byte[] content = new byte[plan.Sections[i]];
            new Random(i).NextBytes(content.AsSpan(content.Length / 3));
            builder.AddState($"device/{i}", new MemoryStream(content));
            model.Sections.Add(($"device/{i}", content));
        }
    }

    private static void SetReadSet(EpochBuilder builder, ModelEpoch model, EpochPlan plan)
    {
        if (plan.ReadEvery is { } every)
        {
            const int length = 500;
            using var read = new PageBitmap(length);
            model.Read = [];
            for (int pfn = 0; pfn < length; pfn += every)
            {
                read.Set(new Pfn(pfn));
                model.Read.Add(pfn);
            }

            builder.SetReadSet(read);
        }
    }
}
