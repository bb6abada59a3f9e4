using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// Every state that a crash at any point may leave behind: the file is in the last state that was promised or in the one that
/// was being committed, whole, and the next writer goes on.
/// </summary>
public sealed class CrashTests
{
    public static TheoryData<string> Names => [.. CrashScenarios.All.Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void No_loss_of_power_loses_what_was_promised(string name)
    {
        CrashScenario scenario = CrashScenarios.Named(name);
        CrashRun run = CrashRun.Of(scenario);
        var counts = new CrashExplorer(name, run.States, run.File, new CrashCheck(scenario, run.States), CrashScenarios.Thoroughness).PowerLosses().Counts;
        Assert.True(counts.Distinct > run.File.Operations.Count);
        Tally.Report($"states after a loss of power: {name}", counts.Distinct);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_end_of_the_process_loses_what_was_promised(string name)
    {
        CrashScenario scenario = CrashScenarios.Named(name);
        CrashRun run = CrashRun.Of(scenario);
        var counts = new CrashExplorer(name, run.States, run.File, new CrashCheck(scenario, run.States), CrashScenarios.Thoroughness).ProcessCrashes().Counts;
        Assert.True(counts.Distinct > run.States.Count);
        Tally.Report($"states after the end of the process and, later, a loss of power: {name}", counts.Distinct);
    }
}
