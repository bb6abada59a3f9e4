using System.Diagnostics;
using PageStore.Checkpoint.Peer;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Collections beside additions, of other threads and of other processes, some of which are killed.</summary>
public sealed class StoreConcurrencyTests
{
    private const int Rounds = 12;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_collection_takes_nothing_from_additions_of_other_threads()
    {
        using var folder = new StoreFolder();
        folder.Open().Dispose();
        using var ended = new CancellationTokenSource();
        Task[] adders = [.. Enumerable.Range(0, 2).Select(seed => Task.Run(() => AddAndRemove(folder, seed), Cancel))];
        Task collector = Task.Run(() =>
        {
            using CheckpointStore store = folder.Open();
            while (!ended.IsCancellationRequested)
            {
                store.Collect(maxDead: 0, Cancel);
            }
        }, Cancel);
        await Task.WhenAll(adders);
        await ended.CancelAsync();
        await collector;

        using CheckpointStore last = folder.Open();
        Assert.Equal(2, last.List().Count);
        last.Collect(maxDead: 0, Cancel);
        Assert.Equal((0, 0), (last.Measure().UnreferencedBlocks, last.Measure().DeadBytes));
        Assert.All(last.List(), checkpoint => StoreFolder.AssertReads(checkpoint.Path, [EpochOf(checkpoint.Name[0] - '0', Rounds - 1)]));
    }

    [Theory(Timeout = 300_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_collection_takes_nothing_from_additions_of_other_processes(bool killed)
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        using var folder = new StoreFolder();
        using CheckpointStore store = folder.Open();
        var random = new Random(5);
        for (int round = 0; round < 4; round++)
        {
            using Process adder = Start(folder.Path, round * 1000);
            using CancellationTokenRegistration kill = cancel.Register(adder.Kill);
            List<string> added = [];
            int until = random.Next(1, 6);
            while (added.Count < until && await adder.StandardOutput.ReadLineAsync(cancel) is { } name)
            {
                added.Add(name);
                store.Collect(maxDead: 0, cancel);
            }

            if (killed)
            {
                Thread.SpinWait(random.Next(3_000_000));
                adder.Kill();
            }
            else
            {
                adder.StandardInput.Close();
            }

            added.AddRange((await adder.StandardOutput.ReadToEndAsync(cancel)).Split('\n', StringSplitOptions.RemoveEmptyEntries));
            Assert.Equal(string.Empty, await adder.StandardError.ReadToEndAsync(cancel));
            await adder.WaitForExitAsync(cancel);
            store.Collect(maxDead: 0, cancel);
            Assert.Empty(added.Except(store.List().Select(checkpoint => checkpoint.Name)));
        }

        Assert.All(store.List(), checkpoint => StoreAdderLoop.Check(checkpoint));
        StoreReport report = store.Measure();
        Assert.Equal((0, 0), (report.UnreferencedBlocks, report.DeadBytes));
    }

    private static void AddAndRemove(StoreFolder folder, int seed)
    {
        using CheckpointStore store = CheckpointStore.OpenOrCreate(folder.Path, folder.Settings);
        for (int round = 0; round < Rounds; round++)
        {
            string file = Path.Combine(folder.Path, "..", $"{seed}-{round}.pages");
            StoreAdderLoop.WriteFile(file, EpochOf(seed, round).Select(StoreFolder.Content));
            store.Add(file, new StoreAddOptions { Name = $"{seed}.{round}", Domain = "d" });
            StoreFolder.AssertReads(store.List().Single(checkpoint => checkpoint.Name == $"{seed}.{round}").Path, [EpochOf(seed, round)]);
            if (round > 0)
            {
                store.Remove($"{seed}.{round - 1}");
            }
        }
    }

    /// <summary>Half of the pages are those of the round before last, which a collection may be taking at the time.</summary>
    private static int[] EpochOf(int seed, int round) => [.. Enumerable.Range(0, 20).Select(page => page % 2 == 0 ? 1 + page + (round / 2 * 100) : 10_000 + (seed * 1000) + (round * 40) + page)];

    private static Process Start(string store, int seed) => Process.Start(new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
    {
        ArgumentList = { Path.Combine(AppContext.BaseDirectory, "PageStore.Checkpoint.Peer.dll"), "store-add", store, $"{seed}" },
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
