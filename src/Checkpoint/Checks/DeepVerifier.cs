namespace PageStore.Checkpoint;

/// <summary>
/// What <see cref="Verifier"/> leaves out, since no reader needs it: that accounts, counts, sets and padding are what
/// docs/format.md says, and that no two blocks overlap. What a damaged node hides is not compared.
/// </summary>
internal sealed class DeepVerifier
{
    private readonly FileRoot _root;
    private readonly Action<CorruptDataException> _report;
    private readonly CancellationToken _cancellation;
    private readonly ReachableBlocks _blocks;
    private readonly PaddingCheck _padding;

    /// <summary>Makes the verifier; it is run once.</summary>
    /// <param name="root">What to verify.</param>
    /// <param name="report">Told of each damage, and again of some that the simple verifier found.</param>
    /// <param name="cancellation">Ends it before the next node.</param>
    public DeepVerifier(FileRoot root, Action<CorruptDataException> report, CancellationToken cancellation)
    {
        _root = root;
        _report = report;
        _cancellation = cancellation;
        _padding = new PaddingCheck(root);
        _blocks = new ReachableBlocks(root) { Visit = CheckPadding, OnDamage = report, Cancellation = cancellation };
    }

    public SpaceReport Run()
    {
        _blocks.Walk();
        long used = CheckAccounts();
        CheckEpochs();
        long live = _blocks.LiveBytes.Values.Sum();
        return new SpaceReport(live, _blocks.MetaBytes, Math.Max(0, used - live - _blocks.MetaBytes));
    }

    private void CheckPadding(ReachableBlock block)
    {
        try
        {
            if (_padding.WhatIsWrong(block) is { } wrong)
            {
                _report(Damage.At(block.Offset, wrong));
            }
        }
        catch (CorruptDataException damage)
        {
            _report(damage);
        }
    }

    /// <summary>Compares all accounts; returns how many bytes of segments are used.</summary>
    private long CheckAccounts()
    {
        long used = 0;
        SortedSet<long> left = [.. _blocks.LiveBytes.Keys];
        var walk = new TreeRunDiff(_root.Nodes, TreeKind.SegmentTable)
        {
            Visit = (segment, _, _, entry) =>
            {
                left.Remove(segment);
                used += CheckAccount(segment, SegmentEntry.FromEntry(entry, _root.Header.SegmentSize));
            },
            Lost = (first, count, _) => left.RemoveWhere(segment => segment >= first && segment - first < count),
            Cancellation = _cancellation,
        };
        walk.Run(default, _root.Slot.Segments);
        foreach (long segment in left)
        {
            used += CheckAccount(segment, null);
        }

        return used;
    }

    private long CheckAccount(long segment, SegmentEntry? account)
    {
        long start = Layout.SegmentsOffset + (segment * _root.Header.SegmentSize);
        long reached = Math.Max(0, _blocks.Ends.GetValueOrDefault(segment) - start);
        string? wrong = SegmentAccounts.WhatIsWrong(segment, account, _blocks.LiveBytes.GetValueOrDefault(segment), reached, _blocks.IsComplete);
        if (wrong is not null)
        {
            _report(Damage.At(start, wrong));
        }

        return Math.Max(Math.Max(account?.UsedBytes ?? 0, reached), PositionIn(start));
    }

    /// <summary>How far a segment is used that is being filled: of a meta segment the account does not say it.</summary>
    private long PositionIn(long start)
    {
        AppendPositions append = _root.Slot.Append;
        long position = new[] { append.Raw, append.Packed, append.Index, append.Meta }.Where(at => at > start && at <= start + _root.Header.SegmentSize).DefaultIfEmpty(start).Max();
        return position - start;
    }

    private void CheckEpochs()
    {
        var checks = new EpochChecks(_root, _report, _cancellation);
        var walk = new TreeRunDiff(_root.Nodes, TreeKind.EpochDirectory)
        {
            Visit = (id, _, _, entry) =>
            {
                if (TryReadRecord(new EpochId(id), entry) is { } record)
                {
                    checks.Check(record);
                }
            },
            Lost = static (_, _, _) => { },
            Cancellation = _cancellation,
        };
        walk.Run(default, _root.Slot.Directory);
    }

    private EpochRecord? TryReadRecord(EpochId id, Entry entry)
    {
        try
        {
            return entry.Kind == EntryKind.Record ? _root.ReadRecord(id, entry) : null;
        }
        catch (CorruptDataException damage)
        {
            _report(damage);
            return null;
        }
    }
}
