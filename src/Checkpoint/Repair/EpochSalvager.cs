namespace PageStore.Checkpoint;

/// <summary>Brings epochs of a damaged file over into a new one, by ascending id. For one thread.</summary>
internal sealed class EpochSalvager(
    SalvageSource source, CheckpointWriter writer, SwitchedCodec codec, LossLog log, RepairOptions options, IProgress<long>? progress, CancellationToken cancellation)
{
    private readonly Dictionary<EpochId, Salvaged> _salvaged = [];
    private readonly Relations _relations = new(source.Dropped);
    private long _uniformLeft = options.MaxUniformPages;
    private long _runsLeft = 16L * LostRuns.MaxRuns;
    private readonly PlanSource _plans = new(source, options);

    /// <summary>How many epochs are in the new file.</summary>
    public long Epochs { get; private set; }

    /// <summary>How many of them have a pack there.</summary>
    public long Packs { get; private set; }

    /// <summary>How many had one that was to be kept, and have none there.</summary>
    public long PacksLeft { get; private set; }

    /// <summary>How many pages with content were brought over.</summary>
    public long PagesCopied { get; private set; }

    /// <summary>Brings one epoch over, or notes that it cannot be.</summary>
    /// <exception cref="StorageException">The new file cannot be written.</exception>
    public void Salvage(FoundRecord found)
    {
        EpochRecord record = found.Record;
        try
        {
            EpochId? baseId = _relations.BaseFor(record.Parent, out IReadOnlyList<(EpochId Id, EpochId Parent)> links);
            Salvaged? known = baseId is { } id ? _salvaged[id] : null;
            using var amendments = new RecordAmendments { Parent = record.Parent, Links = links, BaseIsParent = known is not null && baseId == record.Parent };
            using EpochBuilder builder = writer.BeginEpoch(OptionsFor(record, baseId));
            builder.Amendments = amendments;
            IReadOnlyList<PfnRun> lost = CopyEpoch(found, builder, amendments, known, baseId);
            CountPack(record, builder.Commit());
            _salvaged.Add(record.Id, new Salvaged(record.PageTable, record.PageCount, lost));
            _relations.Add(record.Id, links);
            Epochs++;
        }
        catch (CorruptDataException cause)
        {
            log.Add(record.Id, "epoch", cause);
        }
    }

    private static EpochOptions OptionsFor(EpochRecord record, EpochId? baseId) => new()
    {
        Id = record.Id,
        Parent = baseId,
        PageCount = record.PageCount,
        Label = record.Label,
        Time = record.Time,
        GuestId = record.GuestId,
        BootInstance = record.BootInstance,
    };

    private IReadOnlyList<PfnRun> CopyEpoch(FoundRecord found, EpochBuilder builder, RecordAmendments amendments, Salvaged? known, EpochId? baseId)
    {
        EpochRecord record = found.Record;
        var losses = new EpochLosses(record, log);
        if (!found.IsChecked)
        {
            string doubt = source.Header.Keys is null ? "its label, time and numbers are not checked" : "whether it is the last one that was written of this epoch is not known";
            losses.Add("record", Damage.At(record.Offset, $"the directory's entry, and with it the sum of the record, is lost; {doubt}"));
        }

        var copier = new PageCopier(source, builder, codec, record, losses, known?.Lost ?? [], baseId is { } id ? writer.OpenEpoch(id) : null)
        {
            UniformLeft = _uniformLeft,
            MaxBytes = (options.MaxGrowth * source.FileBytes) + (64L << 20) - writer.BytesAppended,
            Cancellation = cancellation,
        };
        IReadOnlyList<PfnRun> lost = copier.Copy(known?.Table ?? default, known?.PageCount ?? 0);
        _uniformLeft = copier.UniformLeft;
        PagesCopied += copier.PagesCopied;
        Charge(lost.Count);
        new PartCopier(source, builder, codec, record, losses).Copy(amendments);
        losses.Finish(builder, lost);
        amendments.Plan = _plans.Read(record);
        amendments.Consistency = losses.Any ? EpochConsistency.Unknown : record.Consistency;
        progress?.Report(PagesCopied);
        return lost;
    }

    private void CountPack(EpochRecord before, EpochInfo after)
    {
        Packs += after.Pack is null ? 0 : 1;
        PacksLeft += options.KeepsPacks && before.Pack is not null && after.Pack is null ? 1 : 0;
    }

    private void Charge(int runs)
    {
        _runsLeft -= runs;
        if (_runsLeft < 0)
        {
            throw new CorruptDataException("The epochs of the file have lost more separate runs of pages than can be kept in memory.");
        }
    }

    /// <summary>What later epochs need of one that is in the new file: its table in the old one, its size, and what of it is lost.</summary>
    private sealed record Salvaged(TreeRoot Table, long PageCount, IReadOnlyList<PfnRun> Lost);
}
