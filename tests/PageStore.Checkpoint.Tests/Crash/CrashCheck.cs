using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Opens what a crash left: it must be one of the promised states, whole, and a new writer must be able to go on.</summary>
internal sealed class CrashCheck(CrashScenario scenario, IReadOnlyList<CommittedState> states)
{
    /// <summary>Checks one file and writes on in it.</summary>
    /// <param name="file">What the crash left.</param>
    /// <param name="promise">Which states it may be in.</param>
    /// <param name="hostRun">The run of the host after the crash.</param>
    /// <param name="next">How durably the next writer commits; null to leave it at reading.</param>
    /// <returns>The number of the state that the next writer found, and the one that it committed; null where there was no file yet, or no next writer.</returns>
    public (int Found, CommittedState Next)? Check(MemoryFile file, Promise promise, Guid hostRun, Durability? next)
    {
        if (promise.Lowest == Promise.NoFile && !Opens(file, hostRun))
        {
            return null;
        }

        int found = AssertPromised(file, promise, hostRun);
        return next is { } durability ? GoOn(file, found, promise, hostRun, durability) : null;
    }

    /// <summary>The same check of what comes next.</summary>
    public CrashCheck For(IReadOnlyList<CommittedState> next) => new(scenario, next);

    /// <summary>Before its creation has returned there may be no file yet, which both must say in one kind of error.</summary>
    private bool Opens(MemoryFile file, Guid hostRun)
    {
        try
        {
            CheckpointReader.Open(new MemoryStorage(file) { HostRun = hostRun }).Dispose();
            return true;
        }
        catch (CorruptDataException)
        {
            Assert.Throws<CorruptDataException>(() => CheckpointWriter.Open(new MemoryStorage(file) { HostRun = hostRun }, scenario.Options));
            return false;
        }
    }

    private int AssertPromised(MemoryFile file, Promise promise, Guid hostRun)
    {
        using var reader = CheckpointReader.Open(new MemoryStorage(file) { HostRun = hostRun });
        long[] ids = [.. reader.Epochs().Select(info => info.Id.Value)];
        for (int i = Math.Max(promise.Lowest, 0); i <= promise.Highest; i++)
        {
            if (ids.AsSpan().SequenceEqual(states[i].Epochs.Select(epoch => epoch.Id).ToArray()))
            {
                AssertWhole(reader, states[i].Epochs, reader.Verify());
                AssertPacked(reader);
                return i;
            }
        }

        Assert.Fail($"the file has the epochs [{string.Join(' ', ids)}]; promised were {states[Math.Max(promise.Lowest, 0)]} to {states[promise.Highest]}");
        return Promise.NoFile;
    }

    /// <summary>No crash comes between an epoch and its pack.</summary>
    private void AssertPacked(CheckpointReader reader)
    {
        if (scenario.KeepsPacks && reader.Epochs().LastOrDefault() is { Parent: not null } newest)
        {
            Assert.NotNull(newest.Pack);
        }
    }

    private (int Found, CommittedState Next) GoOn(MemoryFile file, int found, Promise promise, Guid hostRun, Durability durability)
    {
        HistoryWriter history;
        CommittedState next;
        int closing;
        using (CheckpointWriter writer = CheckpointWriter.Open(new MemoryStorage(file) { HostRun = hostRun }, scenario.Options with { Durability = durability }))
        {
            // The medium may not hold what a reader saw; then the writer goes back to what it holds.
            found = file.Lies ? AssertPromised(file, promise, hostRun) : found;
            history = new HistoryWriter(scenario.Shape, states[found].Epochs, states[found].LastId);
            int begun = file.Operations.Count;
            history.WriteEpoch(writer, scenario.OneMore);
            next = new CommittedState(history.Epochs, history.LastId, begun, file.Operations.Count);
            next = durability == Durability.SurvivesPowerLoss ? next.Synced(begun, file.Operations.Count) : next;
            closing = file.Operations.Count;
        }

        using var reader = CheckpointReader.Open(new MemoryStorage(file) { HostRun = hostRun });
        AssertWhole(reader, history.Epochs, reader.VerifyDeep());
        return (found, next.Synced(closing, file.Operations.Count));
    }

    private static void AssertWhole(CheckpointReader reader, IReadOnlyList<ModelEpoch> epochs, VerifyReport report)
    {
        ModelAssert.Matches(reader, epochs);
        Assert.True(report.Ok, $"{report.Damage.FirstOrDefault()}");
    }
}
