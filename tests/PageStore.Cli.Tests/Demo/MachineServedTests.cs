using System.Text.Json;

namespace PageStore.Cli.Tests;

/// <summary>What a server says is read as it says it, and a moment's faults are those that it had said by then.</summary>
public sealed class MachineServedTests
{
    private const string Result = """
        {"process":7,"epoch":3,"outcome":"OUTCOME","secondsToReady":0.1,"secondsToFull":FULL,"plannedPages":4,"preloadedPages":4,"bubbledPages":0,"backgroundPages":9,"removedPages":0,
        "faults":{"total":50,"planned":0,"unplanned":50,"zero":0,"removed":0,"repeated":0,"damaged":0},"medianServiceUs":10,"percentile99ServiceUs":20,"longestServiceUs":30,"damagedPages":[],"damage":null}
        """;

    private static readonly string Progress = string.Concat(
        Enumerable.Range(1, 4).Select(i => $$"""{"process":7,"seconds":{{i}},"ready":true,"broughtPages":0,"demanded":{{i * 10}}}""" + "\n"));

    [Fact]
    public void A_guest_that_was_never_whole()
    {
        MachineServed served = MachineServed.Read(Progress + OneLine.Of(Result.Replace("OUTCOME", "guest-ended").Replace("FULL", "null")) + "\n");
        Assert.Equal(4, served.Progress.Count);
        Assert.Equal("guest-ended", served.Result.Outcome);
        Assert.Equal([0, 0, 10, 10, 40, 40], ((double[])[0, 0.99, 1, 1.99, 4, 100]).Select(served.DemandedAt));
    }

    [Fact]
    public void A_guest_that_was_whole_waits_no_more()
    {
        MachineServed served = MachineServed.Read(Progress + OneLine.Of(Result.Replace("OUTCOME", "complete").Replace("FULL", "4.5")) + "\n");
        Assert.Equal([40, 50, 50], ((double[])[4.4, 4.5, 9]).Select(served.DemandedAt));
    }

    [Fact]
    public void A_guest_whose_server_said_nothing_before_the_end() =>
        Assert.Equal(0, MachineServed.Read(OneLine.Of(Result.Replace("OUTCOME", "guest-ended").Replace("FULL", "null"))).DemandedAt(1));

    [Fact]
    public void Anything_else_is_refused() => Assert.Throws<JsonException>(() => MachineServed.Read("the guest has gone\n"));
}
