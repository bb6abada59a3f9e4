using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>A guest that demands nothing costs the reads of its plan, and of the index.</summary>
public sealed class PlannedReadsTests
{
    [Property(MaxTest = 60)]
    public void Nothing_but_the_plan_is_read(int seed, byte share, bool bubbles)
    {
        var random = new Random(seed);
        ResumeSample sample = ResumeSample.Of(1500);
        Pfn[] plan = [.. Enumerable.Range(0, 1500).Where(_ => random.Next(256) < share).Select(page => new Pfn(page))];
        random.Shuffle(plan);
        var storage = new WatchedStorage(new BytesStorage(sample.File, sample.File.Length));
        long planned = Watch(sample, storage, [.. plan.Select(page => page.Value)]);
        using CheckpointReader reader = CheckpointReader.Open(storage);
        using Epoch epoch = reader.OpenNewest();
        using var memory = new ScriptedMemory(sample.Oracle, new GuestScript { Seed = seed }) { EndsWhenIdle = () => true };
        using var lazy = new LazyResume(
            epoch, memory, new ResumePlan(epoch.Info.Id, plan, epoch.Info.PagesConfigured), new LazyResumeOptions { BackgroundFill = false, BubblePages = bubbles ? 100 : 0 });
        ResumeReport report = lazy.Run(TestContext.Current.CancellationToken);

        Assert.Equal((plan.Length, 0), (report.PreloadedPages, report.Faults.Total));
        Assert.True(storage.ContentBytes >= planned, "the plan was not read");
    }

    [Fact]
    public void A_read_of_another_page_is_noticed()
    {
        ResumeSample sample = ResumeSample.Of(1500);
        var storage = new WatchedStorage(new BytesStorage(sample.File, sample.File.Length));
        Watch(sample, storage, []);
        using CheckpointReader reader = CheckpointReader.Open(storage);
        using Epoch epoch = reader.OpenNewest();

        Assert.Throws<InvalidOperationException>(() => epoch.ReadPage(new Pfn(ResumeSample.StoredPages(epoch).First()), new byte[GuestOracle.PageSize]));
    }

    /// <summary>Returns how many bytes the plan takes.</summary>
    private static long Watch(ResumeSample sample, WatchedStorage storage, HashSet<long> plan)
    {
        using CheckpointReader reader = sample.Open();
        using Epoch epoch = reader.OpenNewest();
        long planned = 0;
        foreach (long page in ResumeSample.StoredPages(epoch))
        {
            (long Start, long End) place = ResumeSample.PlaceOf(epoch, page);
            if (plan.Contains(page))
            {
                storage.Allow(place);
                planned += place.End - place.Start;
            }
            else
            {
                storage.Forbid(place);
            }
        }

        return planned;
    }
}
