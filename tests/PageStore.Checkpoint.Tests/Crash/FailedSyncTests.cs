using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// A sync fails, and the kernel takes what it could not write for written: reads show it, the medium does not have it, and no later
/// sync writes it. The next writer must not build on it, and a loss of power at any point from then on must find a promised state.
/// </summary>
public sealed class FailedSyncTests
{
    private const int Seed = 4711;

    /// <summary>What of the failed sync reaches the medium all the same.</summary>
    private static readonly (string Name, Func<int, Func<int, int, bool>> Keeps)[] Losses =
    [
        ("nothing", _ => (_, _) => false),
        ("everything", _ => (_, _) => true),
        ("the first operation", _ => (operation, _) => operation == 0),
        ("the first sectors", _ => (_, sector) => sector == 0),
        ("all but the first sectors", _ => (_, sector) => sector != 0),
        ("half of the sectors", countdown => (operation, sector) => ((Seed * (countdown + 1)) ^ (operation * 31) ^ (sector * 17)) % 2 == 0),
    ];

    public static TheoryData<string> Names => [.. CrashScenarios.All.Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Nothing_is_built_on_what_a_failed_sync_lost(string name)
    {
        CrashScenario scenario = CrashScenarios.Named(name);
        CrashRun whole = CrashRun.Of(scenario);
        long states = 0;
        foreach ((string loss, Func<int, Func<int, int, bool>> keeps) in Losses)
        {
            for (int countdown = 1; ; countdown++)
            {
                var fault = new Fault(FaultTarget.Sync, countdown, Fault.Eio) { SyncKeeps = keeps(countdown) };
                CrashRun run = CrashRun.Into(scenario, fault);
                if (!fault.Struck)
                {
                    break;
                }

                states += GoOnAndLosePower(scenario, run, whole.States, $"{name}, sync {countdown} fails and keeps {loss}");
            }
        }

        Tally.Report($"states after a failed sync and a loss of power: {name}", states);
    }

    /// <summary>The next writer of the same run of the host commits one more; the power goes at each point of that.</summary>
    private static long GoOnAndLosePower(CrashScenario scenario, CrashRun broken, IReadOnlyList<CommittedState> whole, string where)
    {
        int failed = broken.File.Operations.Count;
        int durable = Promise.AfterPowerLoss(broken.States, failed).Lowest;
        if (durable == Promise.NoFile)
        {
            // The file was never promised to be there.
            return 0;
        }

        var promise = new Promise(durable, Math.Min(broken.States.Count, whole.Count - 1));
        (int found, CommittedState next) = new CrashCheck(scenario, whole).Check(broken.File, promise, MemoryStorage.FirstRun, Durability.SurvivesProcessCrash)!.Value;

        // Until the next commit is durable, the last state that was promised is. The next writer may have made durable what it found.
        List<CommittedState> states = [.. whole.Take(found + 1).Select((state, i) => i <= durable ? state.AtStart() : state.AtStart() with { Durable = CommittedState.NotYet }), next];
        return new CrashExplorer(where, states, broken.File, new CrashCheck(scenario, states), CrashScenarios.Next).PowerLosses(from: failed).Counts.Distinct;
    }
}
