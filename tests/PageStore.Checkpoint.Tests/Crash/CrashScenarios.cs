using System.Globalization;

namespace PageStore.Checkpoint.Tests;

/// <summary>What is crashed.</summary>
internal static class CrashScenarios
{
    /// <summary>Multiplies the states that are drawn: the long run of eng/reliability sets it.</summary>
    private const string FactorVariable = "PAGESTORE_CRASH_FACTOR";

    private static readonly CrashScenario[] Scenarios =
    [
        new("epochs", CrashStep.Write(0, 6, 1), CrashStep.Write(2, 20, 2), CrashStep.Write(4, 3, 3, Filling.Compressible)),
        new("packed epochs with sections",
            new WriteStep(new EpochPlan { PageCount = 40, Sections = [3000], Steps = [new PageStep(0, 9, Filling.Compressible, GuestPageType.Normal, 4)] }),
            new WriteStep(new EpochPlan { ReadEvery = 3, Sections = [70_000], Steps = [new PageStep(2, 4, Filling.Random, GuestPageType.Normal, 5)] }))
        {
            Shape = new History { Lz4 = true },
        },
        new("branch, abandon, reopen",
            CrashStep.Write(0, 5, 6),
            CrashStep.Write(3, 4, 7),
            new ReopenStep(),
            new WriteStep(new EpochPlan { Abandon = true, Parent = -1, Steps = [new PageStep(1, 18, Filling.Random, GuestPageType.Normal, 8)] }),
            new WriteStep(new EpochPlan { Parent = 0, Steps = [new PageStep(2, 2, Filling.Random, GuestPageType.Normal, 9)] }),
            new SyncStep(),
            CrashStep.Write(9, 2, 11),
            new KillStep(),
            CrashStep.Write(7, 1, 10)),
        new("prune and reuse",
            CrashStep.Write(0, 17, 12),
            CrashStep.Write(0, 17, 13),
            CrashStep.Write(2, 3, 14),
            CrashStep.Prune(0b01, returnSpace: false),
            CrashStep.Write(0, 16, 15),
            new SyncStep(),
            CrashStep.Write(1, 16, 16),
            CrashStep.Write(0, 18, 17)),
        new("prune and move",
            CrashStep.Write(0, 17, 23),
            CrashStep.Write(0, 14, 24),
            CrashStep.Prune(0b1, returnSpace: false),

            // Pages 14 and 15 are alone in the first segment now, and move.
            CrashStep.Write(3, 1, 25),
            CrashStep.Prune(0b1, returnSpace: false),
            CrashStep.Write(0, 16, 26))
        {
            CleansAlways = true,
        },
        new("prune and empty segments",
            CrashStep.Write(0, 60, 27, Filling.Compressible),
            CrashStep.Write(20, 30, 28, Filling.Compressible),
            CrashStep.Write(25, 20, 29, Filling.Compressible),

            // What is left of the first epoch, and the third shares with it, moves together.
            CrashStep.Prune(0b010, returnSpace: true),
            CrashStep.Write(3, 5, 30, Filling.Compressible),
            CrashStep.Prune(0b1, returnSpace: true))
        {
            Shape = new History { Lz4 = true },
        },
        new("shared and patched pages",
            CrashStep.Write(0, 12, 40, Filling.Common),
            CrashStep.Write(3, 9, 41, Filling.Changed),
            CrashStep.Write(14, 6, 42, Filling.Common),
            CrashStep.Prune(0b01, returnSpace: false),
            CrashStep.Write(2, 9, 43, Filling.Changed),
            new KillStep(),
            CrashStep.Write(0, 5, 44, Filling.Common),
            CrashStep.Prune(0b11, returnSpace: true))
        {
            Shape = new History { Lz4 = true, Sharing = 64 },
        },
        new("packs",
            CrashStep.Write(0, 20, 31),
            CrashStep.Pack(2),
            CrashStep.Write(5, 6, 32, Filling.Compressible),
            CrashStep.Pack(4),
            CrashStep.Pack(6),
            new KillStep(),
            CrashStep.DropPack(),
            CrashStep.Write(2, 9, 33),
            CrashStep.Pack(8),
            CrashStep.Prune(0b11, returnSpace: true)),
        new("packs in the commits of their epochs",
            CrashStep.Keep(0, 20, 34),
            CrashStep.Keep(5, 6, 35, Filling.Compressible),
            CrashStep.Keep(2, 9, 36),
            new KillStep(),
            CrashStep.Keep(1, 4, 37),
            CrashStep.Prune(0b11, returnSpace: false),
            CrashStep.Keep(3, 5, 38)),
        new("prune and return",
            CrashStep.Write(0, 18, 18),
            new WriteStep(new EpochPlan { Parent = 0, Steps = [new PageStep(0, 18, Filling.Random, GuestPageType.Normal, 19)] }),
            CrashStep.Write(5, 2, 20),
            CrashStep.Prune(0b11, returnSpace: true),
            CrashStep.Write(0, 4, 21),
            new KillStep(),
            CrashStep.Prune(0b1, returnSpace: true),
            CrashStep.Write(3, 5, 22)),
    ];

    /// <summary>Each scenario in each mode.</summary>
    public static IReadOnlyList<CrashScenario> All { get; } =
        [.. Enum.GetValues<Durability>().SelectMany(durability => Scenarios.Select(scenario => scenario with { Durability = durability }))];

    /// <summary>What is tried of a scenario; the long run tries each subset of as many operations as can be told apart in reasonable time.</summary>
    public static Thoroughness Thoroughness { get; } = new() { AllOperations = IsLong ? 12 : 7, Samples = 8 * Factor(), SecondCrashEvery = 200 };

    /// <summary>The same, for a writer that goes on after a crash or a fault: there are many of them.</summary>
    public static Thoroughness Next { get; } = new() { AllOperations = IsLong ? 5 : 3, AllSectors = 2, Samples = 2, GoOnEvery = 4, SecondCrashEvery = int.MaxValue };

    private static bool IsLong => Factor() > 1;

    public static CrashScenario Named(string name) => All.Single(scenario => scenario.Name == name);

    private static int Factor() =>
        int.TryParse(Environment.GetEnvironmentVariable(FactorVariable), NumberStyles.None, CultureInfo.InvariantCulture, out int factor) ? Math.Max(1, factor) : 1;
}
