namespace PageStore.Checkpoint;

/// <summary>What a checkpoint file says of one epoch. Immutable.</summary>
public sealed record EpochInfo
{
    internal EpochInfo(EpochRecord record)
    {
        Id = record.Id;
        Parent = record.Parent.Value == 0 ? null : record.Parent;
        Time = record.Time;
        Label = record.Label;
        PageCount = record.PageCount;
        PagesWritten = record.PagesWritten;
        PagesRead = record.Read.Length == 0 ? null : record.PagesRead;
        PagesAbsent = record.Counts.Absent;
        PagesZero = record.Counts.Zero;
        PagesRepeated = record.Counts.Repeated;
        Bytes = record.Bytes;
        Consistency = record.Consistency;
        GuestId = record.GuestId;
        BootInstance = record.BootInstance;
        Pack = record.Pack is { } pack ? new ResumePackInfo(pack.PageCount, pack.Bytes) : null;
        States = [.. record.Sections.Select(section => new StateInfo(section.Name, section.Content.Length))];
    }

    /// <summary>Its number.</summary>
    public EpochId Id { get; }

    /// <summary>The epoch it is described against, if any; it may have been dropped since.</summary>
    public EpochId? Parent { get; }

    /// <summary>The moment that it shows, to the microsecond.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>A text for people, or null.</summary>
    public string? Label { get; }

    /// <summary>The number of pages of the guest, holes included.</summary>
    public long PageCount { get; }

    /// <summary>How many pages were written since the parent: the size of W.</summary>
    public long PagesWritten { get; }

    /// <summary>How many pages were accessed and not written: the size of R; null where R is not known.</summary>
    public long? PagesRead { get; }

    /// <summary>How many pages the guest does not have.</summary>
    public long PagesAbsent { get; }

    /// <summary>How many pages are zero.</summary>
    public long PagesZero { get; }

    /// <summary>How many pages repeat one word.</summary>
    public long PagesRepeated { get; }

    /// <summary>How many pages hold data worth keeping: all that are neither absent nor zero.</summary>
    public long PagesConfigured => PageCount - PagesAbsent - PagesZero;

    /// <summary>How many bytes the epoch added to the file for pages, page table, sets and sections.</summary>
    public long Bytes { get; }

    /// <summary>What the epoch is good for.</summary>
    public EpochConsistency Consistency { get; }

    /// <summary>The guest's UUID; empty where it is not known.</summary>
    public Guid GuestId { get; }

    /// <summary>Which boot of the guest it was; empty where it is not known.</summary>
    public Guid BootInstance { get; }

    /// <summary>The resume pack, if the epoch has one.</summary>
    public ResumePackInfo? Pack { get; }

    /// <summary>The opaque state sections, in the order in which they were added.</summary>
    public IReadOnlyList<StateInfo> States { get; }
}

/// <summary>A named opaque section of an epoch: device or CPU state, or what an import kept of its stream.</summary>
/// <param name="Name">Its name, no other section of the epoch has it.</param>
/// <param name="Length">Its length in bytes.</param>
public readonly record struct StateInfo(string Name, long Length);

/// <summary>A resume pack of an epoch.</summary>
/// <param name="Pages">How many pages its plan has.</param>
/// <param name="Bytes">How many bytes the copies of them take in the file.</param>
public readonly record struct ResumePackInfo(long Pages, long Bytes);
