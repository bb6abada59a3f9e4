using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// Each operation of a scenario fails once, from the creation of the file to its closing: the writer stops for good, the file is in the
/// last state that was committed or in the one that was being committed, whole, and a new writer goes on.
/// </summary>
public sealed class FaultTests
{
    /// <summary>Where, errno, a short write before it, whether all fails from then on.</summary>
    public static TheoryData<int, int, bool, bool> Faults => new()
    {
        { (int)FaultTarget.Write, Fault.Eio, false, false },
        { (int)FaultTarget.Write, Fault.Enospc, true, false },
        { (int)FaultTarget.Write, Fault.Enospc, true, true },
        { (int)FaultTarget.Write, Fault.Eintr, true, false },
        { (int)FaultTarget.Sync, Fault.Eio, false, false },
        { (int)FaultTarget.Sync, Fault.Enospc, false, true },
        { (int)FaultTarget.Changes, Fault.Eio, false, false },
        { (int)FaultTarget.Changes, Fault.Eintr, false, false },
        { (int)FaultTarget.Changes, Fault.Enospc, true, true },
        { (int)FaultTarget.Read, Fault.Eio, false, false },
        { (int)FaultTarget.All, Fault.Eio, false, true },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void After_each_fault_the_writer_is_poisoned_and_the_file_is_whole(int target, int errno, bool isShort, bool lasting)
    {
        int struck = 0;
        foreach (CrashScenario scenario in CrashScenarios.All)
        {
            CrashRun whole = CrashRun.Of(scenario);
            var check = new CrashCheck(scenario, whole.States);
            for (int countdown = 1; ; countdown++)
            {
                var fault = new Fault((FaultTarget)target, countdown, errno, isShort, lasting);
                CrashRun run = CrashRun.Into(scenario, fault);
                if (!fault.Struck)
                {
                    break;
                }

                AssertSurvived(run, whole, fault, check, scenario, $"{scenario}, {(FaultTarget)target} {countdown}");
                struck++;
            }
        }

        Assert.True(struck >= 4 * CrashScenarios.All.Count, $"only {struck} faults struck");
        Tally.Report($"faults of the storage twin: {(FaultTarget)target}, errno {errno}{(isShort ? ", short" : "")}{(lasting ? ", lasting" : "")}", struck);
    }

    private static void AssertSurvived(CrashRun run, CrashRun whole, Fault fault, CrashCheck check, CrashScenario scenario, string where)
    {
        // A page that cannot be read now is not moved.
        bool stays = fault.Target == FaultTarget.Read && scenario.MovesPages;
        Assert.True(run.Failure is not null || run.StruckQuietly || stays, $"{where}: nobody was told");
        Assert.True(run.Failure is null || ErrnoOf(run.Failure) == fault.Errno, $"{where}: {run.Failure}");

        // A read that fails outside a commit changes nothing, so the writer may go on.
        Assert.True(run.Failure is null || run.Poisoned || (fault.Target & FaultTarget.Read) != 0, $"{where}: the writer goes on");
        Assert.False(run.Poisoned && run.Touched, $"{where}: the writer wrote behind its failure");
        try
        {
            check.Check(run.File, new Promise(run.States.Count - 1, Math.Min(run.States.Count, whole.States.Count - 1)), MemoryStorage.FirstRun, Durability.SurvivesProcessCrash);
        }
        catch (Exception failure)
        {
            throw new Xunit.Sdk.XunitException($"{where}: {failure.Message}", failure);
        }
    }

    private static int ErrnoOf(StorageException failure) =>
        failure.Errno != 0 || failure.InnerException is not StorageException inner ? failure.Errno : ErrnoOf(inner);
}
