using System.Collections.Concurrent;
using System.IO.Hashing;
using System.Runtime.ExceptionServices;
using Xunit.Sdk;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// Replays a recording to each of its points, makes every state that a crash there may leave, and checks each that is new. The
/// first that is not as promised is thrown, with all that is needed to make it again.
/// </summary>
internal sealed class CrashExplorer(string name, IReadOnlyList<CommittedState> states, MemoryFile recording, CrashCheck check, Thoroughness thoroughness)
{
    /// <summary>For the states that are drawn; the point is mixed in.</summary>
    private const int Seed = 20260101;

    private readonly ConcurrentDictionary<UInt128, Promise> _seen = [];
    private long _tried;
    private long _distinct;

    /// <summary>How many states were made, and how many of them differed in content or promise and were checked.</summary>
    public (long Tried, long Distinct) Counts => (_tried, _distinct);

    /// <summary>Loses the power at each point.</summary>
    /// <param name="from">The first point.</param>
    public CrashExplorer PowerLosses(int from = 0)
    {
        for (int point = from; point <= recording.Operations.Count; point++)
        {
            var replay = new Replay(recording.Start, [.. recording.Operations.Take(point)]);
            Promise promise = Promise.AfterPowerLoss(states, point);
            int at = point;
            ForEach(
                PowerLoss.Of(replay.Pending, thoroughness, Seed + point),
                aftermath => Try(
                    replay.After(aftermath.Survives, aftermath.Growth),
                    promise,
                    (image, hash) => CheckPowerLoss(image, hash, promise),
                    $"loss of power at operation {at}: {aftermath}"));
        }

        return this;
    }

    /// <summary>Kills the process at each point, also in the middle of a write; the next one goes on, and then the power is lost.</summary>
    public CrashExplorer ProcessCrashes()
    {
        for (int point = 0; point <= recording.Operations.Count; point++)
        {
            FileOperation[] done = [.. recording.Operations.Take(point)];
            Kill(done, Promise.AfterProcessCrash(states, point), thenPowerLoss: true, $"end of the process at operation {point}");
            if (point < recording.Operations.Count && recording.Operations[point] is WriteOperation write)
            {
                // The write at this point has begun, so the promise is that of the point behind it, but for what has returned.
                Promise promise = Promise.AfterProcessCrash(states, point + 1) with { Lowest = Promise.AfterProcessCrash(states, point).Lowest };
                foreach (int length in CutLengths(write.Bytes.Length))
                {
                    bool torn = length == write.Bytes.Length / 2;
                    Kill([.. done, write.Cut(length)], promise, torn, $"end of the process in operation {point} behind {length} bytes");
                }
            }
        }

        return this;
    }

    private static void ForEach(IEnumerable<Aftermath> aftermaths, Action<Aftermath> action)
    {
        try
        {
            // Not buffered: a state is made when it is its turn.
            Parallel.ForEach(Partitioner.Create(aftermaths, EnumerablePartitionerOptions.NoBuffering), action);
        }
        catch (AggregateException failures)
        {
            ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
        }
    }

    private void Kill(FileOperation[] done, Promise promise, bool thenPowerLoss, string what)
    {
        var file = new MemoryFile(recording.Start);
        foreach (FileOperation operation in done)
        {
            file.Do(operation);
        }

        Try(new FileImage(file.Content), promise, (_, hash) => CheckKill(file, hash, promise, thenPowerLoss), what);
    }

    /// <summary>Whole sectors, and a few lengths that no system call promises to avoid.</summary>
    private IEnumerable<int> CutLengths(int length)
    {
        int step = FileOperation.SectorSize * Math.Max(1, length / FileOperation.SectorSize / Math.Max(1, thoroughness.Samples / 10));
        for (int cut = step; cut < length; cut += step)
        {
            yield return cut;
        }

        foreach (int cut in new[] { 1, 16, 100, length / 2, length - 1 })
        {
            if (cut > 0 && cut < length)
            {
                yield return cut;
            }
        }
    }

    private void Try(FileImage image, Promise promise, Action<FileImage, UInt128> action, string what)
    {
        Interlocked.Increment(ref _tried);
        UInt128 hash = XxHash128.HashToUInt128(image.Content, image.Length);
        if (!IsNew(hash, promise))
        {
            return;
        }

        Interlocked.Increment(ref _distinct);
        try
        {
            action(image, hash);
        }
        catch (Exception failure)
        {
            throw new XunitException($"{name}, {what}: {failure.Message}\n{Context()}", failure);
        }
    }

    private void CheckPowerLoss(FileImage image, UInt128 hash, Promise promise)
    {
        var file = new MemoryFile(image.Content);
        if (check.Check(file, promise, AnotherRun(hash), hash % (uint)thoroughness.GoOnEvery == 0 ? NextDurability(hash) : null) is { } next && hash % (uint)thoroughness.SecondCrashEvery == 0)
        {
            // Once more, while the writer goes on in what the first crash left.
            LosePowerNext([states[next.Found].AtStart(), next.Next], file, from: 0);
        }
    }

    private void CheckKill(MemoryFile file, UInt128 hash, Promise promise, bool thenPowerLoss)
    {
        int point = file.Operations.Count;
        if (check.Check(file, promise, MemoryStorage.FirstRun, NextDurability(hash)) is { } next && thenPowerLoss)
        {
            // What was promised before the kill still is. What it was about to make durable may be by now.
            IEnumerable<CommittedState> before = states.Take(next.Found + 1).Select(state => state.Durable <= point ? state : state with { Durable = CommittedState.NotYet, SyncBegun = Math.Min(state.SyncBegun, point) });
            LosePowerNext([.. before, next.Next], file, from: point);
        }
    }

    private void LosePowerNext(IReadOnlyList<CommittedState> next, MemoryFile file, int from)
    {
        var second = new CrashExplorer("next writer", next, file, check.For(next), CrashScenarios.Next);
        second.PowerLosses(from);
        Interlocked.Add(ref _tried, second._tried);
        Interlocked.Add(ref _distinct, second._distinct);
    }

    /// <summary>Another run of the host than any before, the same each time.</summary>
    private static Guid AnotherRun(UInt128 hash) => new(BitConverter.GetBytes(hash));

    /// <summary>Half of the next writers sync nothing until they are closed.</summary>
    private static Durability NextDurability(UInt128 hash) => (hash >> 64) % 2 == 0 ? Durability.SurvivesPowerLoss : Durability.SurvivesProcessCrash;

    private bool IsNew(UInt128 hash, Promise promise)
    {
        bool isNew = false;
        _seen.AddOrUpdate(
            hash,
            _ =>
            {
                isNew = true;
                return promise;
            },
            (_, known) =>
            {
                isNew = !known.IsWithin(promise);
                return isNew ? promise : known;
            });
        return isNew;
    }

    private string Context() =>
        $"promises: {string.Join("; ", states.Select(state => state.Describe()))}\n"
        + $"operations: {string.Join("; ", recording.Operations.Select((operation, i) => $"{i} {operation}"))}";
}
