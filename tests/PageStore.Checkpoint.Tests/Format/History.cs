using FsCheck;
using FsCheck.Fluent;

namespace PageStore.Checkpoint.Tests;

/// <summary>What a written page is made of.</summary>
public enum Filling
{
    Zero, Repeated, Compressible, Random, LikeParent,

    /// <summary>The parent's page with a few bytes changed.</summary>
    Changed,

    /// <summary>One of a few contents that come again and again.</summary>
    Common,
}

/// <summary>One thing that an epoch does to a run of pages; without a filling it makes them absent.</summary>
public sealed record PageStep(long First, int Count, Filling? Filling, GuestPageType Type, int Seed);

/// <summary>One epoch to be written.</summary>
public sealed record EpochPlan
{
    /// <summary>Which epoch is the parent: this modulo the number of epochs + 1, where the last stands for none.</summary>
    public int Parent { get; init; }

    public long? PageCount { get; init; }

    public IReadOnlyList<PageStep> Steps { get; init; } = [];

    public string? Label { get; init; }

    /// <summary>Lengths of the state sections.</summary>
    public IReadOnlyList<int> Sections { get; init; } = [];

    /// <summary>The read set as every n-th page, or null where it is not known.</summary>
    public int? ReadEvery { get; init; }

    public bool SkipUnchanged { get; init; }

    /// <summary>Forget the epoch in place of committing it.</summary>
    public bool Abandon { get; init; }

    /// <summary>Close the writer behind this epoch and open another.</summary>
    public bool Reopen { get; init; }

    /// <summary>Drop epochs behind this one: bit n stands for the n-th kept one, the newest is never dropped.</summary>
    public int PruneMask { get; init; }

    /// <summary>Give back the space of what is dropped.</summary>
    public bool ReturnSpace { get; init; }

    /// <summary>Give an epoch a resume pack behind this one, and where it is even the newest one; or take one away. Null does neither.</summary>
    public int? Pack { get; init; }

    /// <summary>Give it a pack of what it touched within its own commit, and take the one before away.</summary>
    public bool Kept { get; init; }

    public override string ToString() =>
        $"parent {Parent}, {PageCount} pages{(SkipUnchanged ? ", skip" : "")}{(Abandon ? ", abandon" : "")}{(Reopen ? ", reopen" : "")}, prune {PruneMask:x}{(ReturnSpace ? " and return" : "")}, pack {Pack}{(Kept ? " kept" : "")}, "
        + $"R {ReadEvery}, sections {string.Join(' ', Sections)}:\n    {string.Join("\n    ", Steps)}";
}

/// <summary>A file to be written.</summary>
public sealed record History
{
    public int PageSize { get; init; } = 4096;

    public int SegmentSize { get; init; } = 1 << 16;

    public bool Lz4 { get; init; }

    /// <summary>Store each content once, and changes as patches of blocks of this size; null does neither.</summary>
    public int? Sharing { get; init; }

    /// <summary>Encrypt the file with <see cref="TestKeys.Key"/>.</summary>
    public bool Encrypted { get; init; }

    public IReadOnlyList<EpochPlan> Epochs { get; init; } = [];

    public override string ToString() => $"pages of {PageSize}, segments of {SegmentSize}, LZ4 {Lz4}, sharing {Sharing}, encrypted {Encrypted}\n  {string.Join("\n  ", Epochs)}";

    internal CheckpointWriterOptions WriterOptions => new()
    {
        PageSize = PageSize,
        SegmentSize = Encrypted ? Math.Max(SegmentSize, 1 << Layout.MinSealedSegmentShift) : SegmentSize,
        Codec = Lz4 ? PageCodecs.Lz4 : PageCodecs.None,
        Sharing = Sharing is { } blockSize ? new SharingOptions { BlockSize = blockSize } : null,
        Key = Encrypted ? TestKeys.Key : null,
    };

    internal CheckpointReaderOptions ReaderOptions => new() { Key = Encrypted ? TestKeys.Key : null };
}

/// <summary>Generates histories of files that are small, but have every shape that the format has a place for.</summary>
public static class HistoryArbitrary
{
    /// <summary>Larger guests than this have holes only; the pages that are written stay few.</summary>
    private const int SmallGuest = 300;

    private static readonly GuestPageType[] TypesWithData = [.. Enum.GetValues<GuestPageType>().Where(GuestPageTypes.HasData)];
    private static readonly GuestPageType[] TypesWithout = [GuestPageType.Absent, GuestPageType.Broken, GuestPageType.AllocateOnly];

    public static Arbitrary<History> History() => Arb.From(Histories(), Shrink);

    private static Gen<History> Histories() =>
        from pageShift in Gen.Frequency((5, Gen.Constant(12)), (1, Gen.Choose(13, 16)))
        from segmentShift in Gen.Choose(16, 20)
        from lz4 in Gen.Elements(true, false)
        from sharing in Gen.Frequency((1, Gen.Constant((int?)null)), (2, Gen.Elements<int?>(64, 64, 256, 4096)))
        from count in Gen.Choose(1, 8)
        from epochs in Gen.ListOf(Epochs(), count)
        select new History { PageSize = 1 << pageShift, SegmentSize = 1 << segmentShift, Lz4 = lz4, Sharing = sharing, Epochs = [.. epochs] };

    private static Gen<EpochPlan> Epochs() =>
        from parent in Gen.Frequency((3, Gen.Constant(-1)), (2, Gen.Choose(0, 20)))
        from pageCount in Gen.Frequency((2, Gen.Constant((long?)null)), (3, PageCounts()))
        from stepCount in Gen.Choose(0, 8)
        from steps in Gen.ListOf(Steps(), stepCount)
        from label in Gen.Elements(null, "before the update", "Größe 7 — 漢字 🙂", new string('x', 1024))
        from sectionCount in Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Choose(1, 3)))
        from sections in Gen.ListOf(Gen.Elements(0, 1, 15, 16, 4096, 65535, 65536, 65537, 131072, 300_000), sectionCount)
        from readEvery in Gen.Frequency((2, Gen.Constant((int?)null)), (1, Gen.Choose(1, 9).Select(n => (int?)n)))
        from switches in Gen.Choose(0, 63)
        from pack in Gen.Frequency((2, Gen.Constant((int?)null)), (1, Gen.Choose(0, 1000).Select(n => (int?)n)))
        from prune in Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Choose(1, 255)))
        select new EpochPlan
        {
            Parent = parent,
            PageCount = pageCount,
            Steps = [.. steps],
            Label = label,
            Sections = [.. sections],
            ReadEvery = readEvery,
            SkipUnchanged = (switches & 1) != 0,
            Abandon = (switches & 14) == 0,
            Reopen = (switches & 48) == 0,
            Pack = pack,
            PruneMask = prune,
            ReturnSpace = (switches & 1) == 0,
        };

    private static Gen<long?> PageCounts() => Gen.Frequency(
        (8, Gen.Choose(0, SmallGuest).Select(n => (long?)n)),
        (2, Gen.Elements<long?>(0, 1, 63, 64, 65, 4095, 4096, 4097, 65536, 65537)),
        (1, Gen.Elements<long?>(1 << 24, (1L << 36) + 1, 1L << 40)));

    private static Gen<PageStep> Steps() =>
        from first in Gen.Frequency((12, Gen.Choose(0, SmallGuest).Select(n => (long)n)), (1, Gen.Elements(4094L, 65535, 65536, 1L << 30)))
        from count in Gen.Frequency((3, Gen.Choose(1, 4)), (1, Gen.Choose(5, 90)))
        from absent in Gen.Frequency((5, Gen.Constant(false)), (1, Gen.Constant(true)))
        from filling in Gen.Elements(Enum.GetValues<Filling>())
        from type in absent ? Gen.Elements(TypesWithout) : Gen.Frequency((4, Gen.Constant(GuestPageType.Normal)), (1, Gen.Elements(TypesWithData)))
        from seed in Gen.Choose(0, 1 << 20)
        select new PageStep(first, count, absent ? null : filling, type, seed);

    private static IEnumerable<History> Shrink(History history)
    {
        for (int i = 0; i < history.Epochs.Count; i++)
        {
            yield return history with { Epochs = [.. history.Epochs.Where((_, at) => at != i)] };
        }

        for (int i = 0; i < history.Epochs.Count; i++)
        {
            foreach (EpochPlan smaller in ShrinkEpoch(history.Epochs[i]))
            {
                yield return history with { Epochs = [.. history.Epochs.Select((epoch, at) => at == i ? smaller : epoch)] };
            }
        }
    }

    private static IEnumerable<EpochPlan> ShrinkEpoch(EpochPlan epoch)
    {
        for (int i = 0; i < epoch.Steps.Count; i++)
        {
            yield return epoch with { Steps = [.. epoch.Steps.Where((_, at) => at != i)] };
        }

        if (epoch.Sections.Count > 0)
        {
            yield return epoch with { Sections = [] };
        }

        if (epoch.PruneMask != 0)
        {
            yield return epoch with { PruneMask = 0 };
        }

        if (epoch.ReadEvery is not null || epoch.Label is not null || epoch.Reopen)
        {
            yield return epoch with { ReadEvery = null, Label = null, Reopen = false };
        }
    }
}
