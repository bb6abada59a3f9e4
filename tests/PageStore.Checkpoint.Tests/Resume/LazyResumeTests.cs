using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Whatever a guest does while its pages come, it sees its epoch's pages, zeros where it gave pages up, and an error where a page is damaged.</summary>
public sealed class LazyResumeTests
{
    private static readonly int[] Sizes = [1, 2, 65, 300, 1500];

    [Property(MaxTest = 150)]
    public void All_pages_come_in_the_end(int seed, bool removes, bool bubbles, bool manyReaders)
    {
        Run run = Resume(seed, new GuestScript { Steps = 200, Removes = removes }, new LazyResumeOptions { BubblePages = bubbles ? 40 : 0, Readers = manyReaders ? 3 : 1 });

        Assert.Equal(ResumeOutcome.Complete, run.Report.Outcome);
        Assert.NotNull(run.Report.TimeToFull);
        run.Memory.AssertWhole();
        Assert.Equal(0, bubbles ? 0 : run.Report.BubbledPages);
    }

    [Property(MaxTest = 150)]
    public void Without_the_rest_nothing_comes_but_what_is_planned_demanded_or_near(int seed, bool removes, bool bubbles)
    {
        int radius = bubbles ? 1 + ((seed & 0xff) % 40) : 0;
        Run run = Resume(seed, new GuestScript { Steps = 60, Removes = removes }, new LazyResumeOptions { BackgroundFill = false, BubblePages = radius });

        Assert.Equal((ResumeOutcome.GuestEnded, (TimeSpan?)null), (run.Report.Outcome, run.Report.TimeToFull));
        HashSet<long> allowed = [.. run.Plan];
        foreach (Pfn page in run.Demanded)
        {
            allowed.UnionWith(Enumerable.Range((int)page.Value - radius, (2 * radius) + 1).Select(near => (long)near));
        }

        foreach (Pfn page in run.Loaded)
        {
            Assert.Contains(page.Value, allowed);
        }

        Assert.Equal(0, run.Report.BackgroundPages);
        Assert.True(bubbles || run.Report.BubbledPages == 0);
    }

    [Property(MaxTest = 100)]
    public void A_guest_that_demands_nothing_may_run_when_its_plan_is_there_and_nothing_else(int seed)
    {
        Run run = Resume(seed, new GuestScript(), new LazyResumeOptions { BackgroundFill = false });

        Assert.True(run.Memory.AtReady!.SetEquals(run.Plan));
        Assert.Equal((run.Plan.Count, 0, 0), (run.Report.PreloadedPages, run.Report.BubbledPages, run.Report.Faults.Total));
        Assert.NotNull(run.Report.TimeToReady);
    }

    [Property(MaxTest = 100)]
    public void A_guest_may_run_when_all_of_its_plan_is_there_or_given_up(int seed, bool background)
    {
        Run run = Resume(seed, new GuestScript { Steps = 100, Removes = true }, new LazyResumeOptions { BackgroundFill = background });

        Assert.All(run.Plan, page => Assert.True(run.Memory.AtReady!.Contains(page) || run.Memory.Removed.Contains(page)));
    }

    [Property(MaxTest = 150)]
    public void A_guest_may_end_at_any_moment(int seed, byte when)
    {
        Run run = Resume(seed, new GuestScript { Steps = 256, Removes = true, EndsBeforeStep = when }, new LazyResumeOptions());

        // The pages may have been there before.
        Assert.Equal(run.Memory.Released ? ResumeOutcome.Complete : ResumeOutcome.GuestEnded, run.Report.Outcome);
    }

    /// <summary>Resumes a random sample with a random plan, and checks what holds of every resume.</summary>
    private static Run Resume(int seed, GuestScript script, LazyResumeOptions options)
    {
        var random = new Random(seed);
        ResumeSample sample = ResumeSample.Of(Sizes[random.Next(Sizes.Length)], encrypted: random.Next(2) == 0);
        using CheckpointReader reader = sample.Open();
        using Epoch epoch = reader.OpenNewest();
        Pfn[] plan = [.. Enumerable.Range(0, (int)epoch.PageCount).Where(_ => random.Next(5) == 0).Select(page => new Pfn(page))];
        random.Shuffle(plan);
        using var memory = new ScriptedMemory(sample.Oracle, script with { Seed = seed, PagesBehindEpoch = random.Next(3) * 50 }) { EndsWhenIdle = options.BackgroundFill ? null : () => true };
        using var lazy = new LazyResume(epoch, memory, new ResumePlan(epoch.Info.Id, plan, epoch.Info.PagesConfigured), options);
        ResumeReport report = lazy.Run(TestContext.Current.CancellationToken);
        ResumeProgress progress = lazy.Progress;
        using ResumeRecord record = lazy.TakeRecord();
        lazy.Dispose();
        var run = new Run(memory, report, [.. plan.Select(page => page.Value)], PagesOf(record.Demanded), PagesOf(record.Loaded));
        run.AssertAddsUp(progress);
        return run;
    }

    private static HashSet<Pfn> PagesOf(PageBitmap bitmap)
    {
        HashSet<Pfn> pages = [];
        foreach (Pfn page in bitmap.SetBits())
        {
            pages.Add(page);
        }

        return pages;
    }

    private sealed record Run(ScriptedMemory Memory, ResumeReport Report, HashSet<long> Plan, HashSet<Pfn> Demanded, HashSet<Pfn> Loaded)
    {
        public void AssertAddsUp(ResumeProgress progress)
        {
            long ahead = Report.PreloadedPages + Report.BubbledPages + Report.BackgroundPages;
            Assert.Empty(Demanded.Intersect(Loaded));
            Assert.Equal((Plan.Count, Memory.RemovedPages), (Report.PlannedPages, Report.RemovedPages));
            Assert.Equal(Loaded.Count, ahead);
            Assert.True(Report.Faults.Total <= Memory.Touches);
            Assert.Equal((Report.TimeToReady is not null, Report.Faults.Total), (progress.Ready, progress.Faults));
            Assert.Equal(ahead + Report.Faults.Total - Report.Faults.Repeated, progress.BroughtPages);
            Assert.True(Report.PreloadedPages + Report.Faults.Planned <= Plan.Count);
            Assert.True(Report.MedianService <= Report.Percentile99Service && Report.Percentile99Service <= Report.LongestService);
            Assert.True(Demanded.Count <= Report.Faults.Planned + Report.Faults.Unplanned + Report.Faults.Zero + Report.Faults.Damaged);
        }
    }
}
