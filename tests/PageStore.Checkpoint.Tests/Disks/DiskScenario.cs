using FsCheck;
using FsCheck.Fluent;

namespace PageStore.Checkpoint.Tests;

/// <summary>What happens to the disk before an import.</summary>
/// <param name="Writes">Where, how long, and of what; a value of 0 are zeros.</param>
/// <param name="Length">Its new length, in 512 bytes and a rest; null leaves it.</param>
/// <param name="Clears">Whether the bitmap was cleared when the epoch before was taken; otherwise it goes on.</param>
/// <param name="Breaks">Whether the import names a bitmap that the epoch before does not.</param>
public sealed record DiskRound(IReadOnlyList<(int At, int Count, byte Value)> Writes, int? Length, bool Clears, bool Breaks);

/// <summary>A disk, and imports of it.</summary>
public sealed record DiskScenario
{
    public int PageSize { get; init; } = 4096;

    public int Length { get; init; }

    public int Granularity { get; init; } = 512;

    public int Alignment { get; init; } = 1;

    public bool Shares { get; init; }

    public IReadOnlyList<DiskRound> Rounds { get; init; } = [];

    public override string ToString() =>
        $"pages of {PageSize}, {Length} bytes, granularity {Granularity}, alignment {Alignment}, shares {Shares}\n  "
        + string.Join("\n  ", Rounds.Select(round => $"length {round.Length}, clears {round.Clears}, breaks {round.Breaks}: {string.Join(' ', round.Writes)}"));
}

/// <summary>Generates disks of a few pages.</summary>
public static class DiskArbitrary
{
    public static Arbitrary<DiskScenario> Disks() => Arb.From(Scenarios());

    private static Gen<DiskScenario> Scenarios() =>
        from pageShift in Gen.Choose(12, 16)
        from length in Lengths()
        from granularityShift in Gen.Choose(9, 17)
        from alignmentShift in Gen.Elements(0, 0, 9, 12, 16)
        from shares in Gen.Elements(true, false)
        from count in Gen.Choose(1, 6)
        from rounds in Gen.ListOf(Rounds(), count)
        select new DiskScenario { PageSize = 1 << pageShift, Length = length, Granularity = 1 << granularityShift, Alignment = 1 << alignmentShift, Shares = shares, Rounds = [.. rounds] };

    private static Gen<int> Lengths() => Gen.OneOf(Gen.Choose(1, 5000), Gen.Choose(1, 20).Select(pages => pages * 65536), Gen.Choose(1, 1_000_000));

    private static Gen<DiskRound> Rounds() =>
        from writeCount in Gen.Choose(0, 6)
        from writes in Gen.ListOf(Writes(), writeCount)
        from length in Gen.Frequency((5, Gen.Constant((int?)null)), (1, Lengths().Select(n => (int?)n)))
        from clears in Gen.Elements(true, false)
        from breaks in Gen.Frequency((5, Gen.Constant(false)), (1, Gen.Constant(true)))
        select new DiskRound([.. writes], length, clears, breaks);

    private static Gen<(int At, int Count, byte Value)> Writes() =>
        from at in Gen.Choose(0, 1_000_000)
        from count in Gen.Frequency((2, Gen.Choose(1, 512)), (1, Gen.Choose(512, 300_000)))
        from value in Gen.Frequency((1, Gen.Constant(0)), (3, Gen.Choose(1, 255)))
        select (at, count, (byte)value);
}
