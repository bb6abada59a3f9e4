using FsCheck;
using FsCheck.Fluent;

namespace PageStore.Tests.Sharing;

/// <summary>What is done to an image.</summary>
public enum StepKind
{
    Make, Fork, Write, WritePage, Zero, ZeroPage, Rewrite, CopyPage, Drop,
}

/// <summary>One step; numbers are taken modulo what there is.</summary>
public sealed record ImageStep(StepKind Kind, int Image, int Page, int Offset, int Length, int Seed);

/// <summary>Images of one pool, and what is done to them.</summary>
public sealed record ImageScenario
{
    public int BlockSize { get; init; } = 512;

    public int PageSize { get; init; } = 4096;

    public long PageCount { get; init; } = 1;

    /// <summary>A slab has 2^n frames.</summary>
    public int SlabFramesShift { get; init; }

    /// <summary>How many frames there may be.</summary>
    public int? Capacity { get; init; }

    public IReadOnlyList<ImageStep> Steps { get; init; } = [];

    /// <summary>The pages that steps use: neighbours, and both sides of the borders of nodes.</summary>
    public long[] Pages => [.. new[] { 0, 1, 2, 7, 8, 63, 64, 65, 511, 512, 4095, 4096, PageCount / 2, PageCount - 2, PageCount - 1 }.Where(page => page >= 0 && page < PageCount).Distinct()];

    internal PageFramePoolOptions Options => new()
    {
        BlockSize = BlockSize,
        Capacity = (long?)Capacity * BlockSize,
        SlabShift = SlabFramesShift + int.Log2(BlockSize),
    };

    public override string ToString() =>
        $"{PageCount} pages of {PageSize}, blocks of {BlockSize}, slabs of 2^{SlabFramesShift} frames, capacity {Capacity}\n  {string.Join("\n  ", Steps)}";
}

/// <summary>Generates scenarios.</summary>
public static class ImageScenarioArbitrary
{
    public static Arbitrary<ImageScenario> Scenario() => Arb.From(Scenarios(), Shrink);

    private static Gen<ImageScenario> Scenarios() =>
        from blockShift in Gen.Choose(6, 12)
        from pageShift in Gen.Frequency((5, Gen.Constant(12)), (1, Gen.Choose(13, 16)))
        from pageCount in Gen.Elements(1, 3, 64, 70, 5000, 1L << 40)
        from slabShift in Gen.Choose(0, 6)
        from capacity in Gen.Frequency((3, Gen.Constant((int?)null)), (1, Gen.Choose(1, 64).Select(n => (int?)n)))
        from count in Gen.Choose(1, 60)
        from steps in Gen.ListOf(Steps(), count)
        select new ImageScenario { BlockSize = 1 << blockShift, PageSize = 1 << pageShift, PageCount = pageCount, SlabFramesShift = slabShift, Capacity = capacity, Steps = [.. steps] };

    private static Gen<ImageStep> Steps() =>
        from kind in Gen.Frequency(
            (1, Gen.Constant(StepKind.Make)),
            (5, Gen.Constant(StepKind.Fork)),
            (8, Gen.Constant(StepKind.Write)),
            (3, Gen.Constant(StepKind.WritePage)),
            (3, Gen.Constant(StepKind.Zero)),
            (1, Gen.Constant(StepKind.ZeroPage)),
            (2, Gen.Constant(StepKind.Rewrite)),
            (2, Gen.Constant(StepKind.CopyPage)),
            (3, Gen.Constant(StepKind.Drop)))
        from image in Gen.Choose(0, 1000)
        from page in Gen.Choose(0, 1000)
        from offset in Gen.Choose(0, 65535)
        from length in Gen.Frequency((3, Gen.Choose(0, 70)), (2, Gen.Choose(0, 65536)))
        from seed in Gen.Choose(0, 20)
        select new ImageStep(kind, image, page, offset, length, seed);

    private static IEnumerable<ImageScenario> Shrink(ImageScenario scenario)
    {
        for (int part = scenario.Steps.Count / 2; part > 0; part /= 2)
        {
            for (int from = 0; from + part <= scenario.Steps.Count; from += part)
            {
                yield return scenario with { Steps = [.. scenario.Steps.Take(from), .. scenario.Steps.Skip(from + part)] };
            }
        }
    }
}
