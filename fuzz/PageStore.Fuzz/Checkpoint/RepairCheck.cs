using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>Compares a repaired file with what a reader can read of the damaged one: it must have all of that, and say so where it does not.</summary>
internal sealed class RepairCheck
{
    private const int MaxEpochs = 16;

    /// <summary>Pages that are compared of one epoch: enough for each path, and fast enough to try many inputs.</summary>
    private const int MaxPages = 64;

    /// <summary>Sets of larger guests take more memory than they are worth here.</summary>
    private const long MaxSetPages = 1 << 20;

    private const int MaxSectionBytes = 1 << 20;

    private readonly FileRoot _damaged;

    // What lies behind the end of the data is not read by a reader, and may still match its sum.
    private readonly long _fileBytes;
    private readonly CheckpointReader _repaired;
    private readonly RepairReport _report;
    private readonly HashSet<EpochId> _salvaged;
    private readonly byte[] _before;
    private readonly byte[] _after;

    private RepairCheck(FileRoot damaged, long fileBytes, CheckpointReader repaired, RepairReport report)
    {
        _damaged = damaged;
        _fileBytes = fileBytes;
        _repaired = repaired;
        _report = report;
        _salvaged = [.. repaired.Epochs().Select(info => info.Id)];
        _before = new byte[damaged.Header.PageSize];
        _after = new byte[damaged.Header.PageSize];
    }

    /// <summary>Compares as much as can be read; true, for want of anything to say.</summary>
    /// <exception cref="BrokenPromiseException">Something is missing or different.</exception>
    /// <exception cref="PageStoreException">The repaired file cannot be read.</exception>
    public static bool Run(IStorage damaged, CheckpointReader repaired, RepairReport report)
    {
        if (TryRead(() => FileRoot.Find(damaged, FileRoot.OpenHeader(damaged, key: null))) is { } root)
        {
            new RepairCheck(root, damaged.Length, repaired, report).CompareAll();
        }

        return true;
    }

    private void CompareAll()
    {
        IEnumerator<(EpochId Id, Entry Entry)> entries = _damaged.DirectoryEntries().GetEnumerator();
        for (int left = MaxEpochs; left > 0 && TryRead(() => entries.MoveNext() ? "more" : null) is not null; left--)
        {
            (EpochId id, Entry entry) = entries.Current;
            if (entry.Kind == EntryKind.Record && TryRead(() => _damaged.ReadRecord(id, entry)) is { } record)
            {
                Compare(record);
            }
        }
    }

    private void Compare(EpochRecord record)
    {
        if (!_salvaged.Contains(record.Id))
        {
            BrokenPromiseException.Unless(IsReported(record.Id, part => part.Part == "epoch"), "an epoch that can be read is salvaged, unless it is beyond the limits");
            return;
        }

        var before = new Epoch(_damaged, record);
        Epoch after = _repaired.OpenEpoch(record.Id);
        CompareInfo(before.Info, after.Info);
        ComparePages(before, after);
        CompareSet(before, after);
        foreach (StateSection section in record.Sections)
        {
            CompareSection(before, after, section.Name);
        }
    }

    private void CompareInfo(EpochInfo before, EpochInfo after)
    {
        BrokenPromiseException.Unless(
            (before.Parent, before.Time, before.Label, before.PageCount, before.GuestId, before.BootInstance)
            == (after.Parent, after.Time, after.Label, after.PageCount, after.GuestId, after.BootInstance),
            "an epoch keeps what its record says");
        bool lost = IsReported(before.Id, _ => true);
        BrokenPromiseException.Unless(after.Consistency == (lost ? EpochConsistency.Unknown : before.Consistency), "an epoch that lost something is of unknown consistency, any other keeps its own");
        BrokenPromiseException.Unless(lost || after.States.Count == before.States.Count, "an epoch that lost nothing has no section more");
    }

    private void ComparePages(Epoch before, Epoch after)
    {
        foreach (Pfn pfn in SomePages(after).Concat(SomePages(before)))
        {
            bool readable = TryRead(() => ReadPage(before, pfn, _before)) is not null;
            after.ReadPage(pfn, _after);
            PageInfo info = after.GetPageInfo(pfn);
            if (!readable)
            {
                BrokenPromiseException.Unless(info.Class == PageClass.Absent || _fileBytes > _damaged.Slot.DataEnd, "a page that cannot be read is absent");
                continue;
            }

            PageInfo was = before.GetPageInfo(pfn);
            BrokenPromiseException.Unless(_before.AsSpan().SequenceEqual(_after), "a page that can be read is salvaged as it is");
            BrokenPromiseException.Unless(was.Type == info.Type && (was.Class == PageClass.Absent) == (info.Class == PageClass.Absent), "a page keeps its type");
        }
    }

    private static void CompareSet(Epoch before, Epoch after)
    {
        if (before.PageCount > MaxSetPages)
        {
            return;
        }

        using PageBitmap? was = TryRead(before.ReadWrittenSet);
        using PageBitmap now = after.ReadWrittenSet();
        if (was is not null)
        {
            was.AndNot(now);
            BrokenPromiseException.Unless(!was.Any(), "what was in the set of written pages still is");
        }
    }

    private static void CompareSection(Epoch before, Epoch after, string name)
    {
        if (TryRead(() => ReadSection(before, name)) is { } was)
        {
            BrokenPromiseException.Unless(after.Info.States.Any(state => state.Name == name), "a section that can be read is salvaged");
            BrokenPromiseException.Unless(was.AsSpan().SequenceEqual(ReadSection(after, name)), "a section is salvaged as it is");
        }
    }

    private static byte[] ReadSection(Epoch epoch, string name)
    {
        using Stream stream = epoch.OpenState(name);
        byte[] bytes = new byte[Math.Min(stream.Length, MaxSectionBytes)];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The first pages of the first runs, and of each run the last one.</summary>
    private static IEnumerable<Pfn> SomePages(Epoch epoch)
    {
        int left = MaxPages;
        using IEnumerator<PfnRun> runs = epoch.PresentRuns().GetEnumerator();
        while (left > 0 && TryRead(() => runs.MoveNext() ? "more" : null) is not null)
        {
            PfnRun run = runs.Current;
            left -= 2;
            yield return run.First;
            yield return run.First + (run.Count - 1);
        }
    }

    private static string ReadPage(Epoch epoch, Pfn pfn, byte[] page)
    {
        epoch.ReadPage(pfn, page);
        return "read";
    }

    private bool IsReported(EpochId epoch, Func<LostPart, bool> wanted) =>
        _report.LostParts > _report.Lost.Count || _report.Lost.Any(part => part.Epoch == epoch && wanted(part));

    /// <summary>Null where the damaged file has nothing that could be read, or asks for a key, as a header may that was made of another file's.</summary>
    private static T? TryRead<T>(Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception damage) when (damage is CorruptDataException or UnsupportedException or WrongKeyException)
        {
            return null;
        }
    }
}
