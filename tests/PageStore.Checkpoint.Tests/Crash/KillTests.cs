using System.Globalization;
using PageStore.Checkpoint.Peer;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Real processes that write are killed, over and over, in one file.</summary>
public sealed class KillTests : IDisposable
{
    /// <summary>How many writers are killed in each mode; the long run of eng/reliability sets it.</summary>
    private const string CountVariable = "PAGESTORE_KILLS";

    private const int DefaultKills = 17;

    private readonly string _folder = Directory.CreateTempSubdirectory("pagestore-kills-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(Durability.SurvivesPowerLoss)]
    [InlineData(Durability.SurvivesPowerLossInGroups)]
    [InlineData(Durability.SurvivesProcessCrash)]
    public void No_kill_loses_a_commit(Durability durability)
    {
        int kills = int.TryParse(Environment.GetEnvironmentVariable(CountVariable), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : DefaultKills;
        var loop = new KillLoop(Path.Combine(_folder, "f.pages"), durability, seed: 1 + (int)durability);
        loop.Kill(kills);
        Assert.True(loop.Commits >= kills, $"only {loop.Commits} epochs were committed");
        Tally.Report($"writers killed: {durability}", loop.Kills);
        Tally.Report($"epochs committed by killed writers: {durability}", loop.Commits);
    }
}
