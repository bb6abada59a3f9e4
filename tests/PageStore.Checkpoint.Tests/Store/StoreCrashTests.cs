using System.Globalization;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// A process that ends behind any step of an addition, a removal or a collection, and a host that loses with it what was not synced in the packs: no block is lost that a checkpoint references,
/// and after the next collection none is left that nobody does.
/// </summary>
public sealed class StoreCrashTests
{
    [Fact]
    public void No_crash_loses_a_block_and_none_leaks_one()
    {
        int crashes = 0;
        while (CrashAt(crashes))
        {
            crashes++;
        }

        // Each of the three additions alone has more than ten.
        Assert.True(crashes > 40, $"only {crashes} steps");
        Tally.Report("crashes of a store", crashes);
    }

    /// <summary>Runs the script up to a step; false if it ends before.</summary>
    private static bool CrashAt(int step)
    {
        var synced = new Dictionary<long, long>();
        int steps = 0;
        var settings = new StoreSettings
        {
            PackBytes = 20_000,
            Steps = new StoreSteps(done =>
            {
                string[] words = done.Split(' ');
                if (words[0] == "synced")
                {
                    synced[long.Parse(words[1], CultureInfo.InvariantCulture)] = long.Parse(words[2], CultureInfo.InvariantCulture);
                }

                if (steps++ == step)
                {
                    throw new ProcessEndedException();
                }
            }),
        };
        using var folder = new StoreFolder { Settings = new StoreSettings { PackBytes = 20_000 } };
        string? underWay = null;
        bool crashed = false;
        using (CheckpointStore store = folder.Open(settings))
        {
            try
            {
                Script(folder, store, name => underWay = name);
            }
            catch (ProcessEndedException)
            {
                crashed = true;
            }
        }

        LoseUnsynced(folder, synced);
        AssertGoesOn(folder, underWay, crashed);
        return crashed;
    }

    private static void Script(StoreFolder folder, CheckpointStore store, Action<string?> underWay)
    {
        Add("a", [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 14, 5, 6, 7, 8, 0]]);
        Add("b", [[11, 2, 13, 4, 15, 6, 17, 8, 19]]);
        Remove("a");
        store.Collect(maxDead: 0);
        Add("c", [[1, 2, 13, 24]]);
        Remove("b");
        store.Collect();
        store.Collect(maxDead: 0);

        void Add(string name, int[][] epochs)
        {
            underWay(name);
            folder.Add(store, name, "d", epochs);
            underWay(null);
        }

        void Remove(string name)
        {
            underWay(name);
            folder.Remove(store, name);
            underWay(null);
        }
    }

    /// <summary>What the medium has of a pack is up to where it was synced last.</summary>
    private static void LoseUnsynced(StoreFolder folder, Dictionary<long, long> synced)
    {
        foreach ((long number, long end) in synced)
        {
            string path = new StoreLayout(folder.Path).Pack(number);
            if (File.Exists(path))
            {
                using FileStream pack = File.Open(path, FileMode.Open, FileAccess.Write);
                pack.SetLength(Math.Min(pack.Length, end));
            }
        }
    }

    private static void AssertGoesOn(StoreFolder folder, string? underWay, bool crashed)
    {
        using CheckpointStore store = folder.Open();
        if (underWay is not null)
        {
            // Done or not done: nothing in between.
            bool isThere = store.List().Any(checkpoint => checkpoint.Name == underWay);
            bool wasThere = folder.Model.ContainsKey(underWay);
            if (isThere && !wasThere)
            {
                folder.Model.Add(underWay, underWay switch
                {
                    "a" => ("d", [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 14, 5, 6, 7, 8, 0]]),
                    "b" => ("d", [[11, 2, 13, 4, 15, 6, 17, 8, 19]]),
                    _ => ("d", [[1, 2, 13, 24]]),
                });
            }
            else if (!isThere)
            {
                folder.Model.Remove(underWay);
            }
        }

        folder.AssertMatches(store);
        store.Collect(maxDead: 0);
        folder.AssertMatches(store);
        folder.AssertNothingLeaks(store);
        string next = crashed && underWay is not null && !folder.Model.ContainsKey(underWay) ? underWay : "next";
        folder.Add(store, next, "d", [1, 2, 33, 34]);
        folder.AssertMatches(store);
    }

    private sealed class ProcessEndedException : Exception;
}
