using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What is damaged is never a wrong page: the guest is told, or waits.</summary>
public sealed class LazyResumeDamageTests
{
    /// <summary>Nodes are some hundred bytes long, and few.</summary>
    private const int IndexStep = 331;

    [Theory]
    [InlineData(65, 2039, false)]
    [InlineData(300, 8191, false)]
    [InlineData(300, 8191, true)]
    public void A_changed_byte_anywhere_costs_no_more_than_it_covers(int pageCount, int contentStep, bool encrypted)
    {
        ResumeSample sample = ResumeSample.Of(pageCount, encrypted);
        int damagedPages = 0;
        int damagedIndexes = 0;
        for (int at = (int)Layout.SegmentsOffset; at < sample.File.Length; at += sample.IsContent(at) ? contentStep : IndexStep)
        {
            if (sample.File[at] == 0)
            {
                // Mostly what lies between the blocks.
                continue;
            }

            byte[] changed = [.. sample.File];
            changed[at] ^= 0x10;
            try
            {
                ResumeReport report = Resume(sample, changed, seed: at);
                damagedPages += report.DamagedPages.Count;
                damagedIndexes += report.Damage is null ? 0 : 1;
            }
            catch (CorruptDataException)
            {
                // The file cannot be opened, or the epoch's root not be read.
            }
        }

        Assert.True(damagedPages > 20, $"only {damagedPages} pages were damaged");
        Assert.True(pageCount < 100 || damagedIndexes > 0, "no index was damaged");
    }

    [Property(MaxTest = 60)]
    public void A_medium_that_fails_now_and_then_costs_pages_and_never_gives_wrong_ones(int seed, byte often)
    {
        ResumeSample sample = ResumeSample.Of(1500);
        var storage = new FailingStorage(new BytesStorage(sample.File, sample.File.Length), seed);
        using CheckpointReader reader = CheckpointReader.Open(storage);
        using Epoch epoch = reader.OpenNewest();
        GuestOracle oracle = sample.Oracle.OnBadMedium();
        LazyResume? resume = null;
        using var memory = new ScriptedMemory(oracle, new GuestScript { Seed = seed, Steps = 100, Removes = true }) { EndsWhenIdle = () => resume!.IsStuck };
        using LazyResume lazy = resume = new LazyResume(epoch, memory, null);
        storage.FailOneOf = 1 + (often % 8);
        ResumeReport report = lazy.Run(TestContext.Current.CancellationToken);

        Assert.Equal(report.Damage is null ? ResumeOutcome.Complete : ResumeOutcome.GuestEnded, report.Outcome);
        Assert.Equal(report.Damage is null, memory.Released);
        if (memory.Released)
        {
            memory.AssertWhole();
        }
    }

    [Fact]
    public void A_page_that_several_wait_for_is_named_once()
    {
        ResumeSample sample = ResumeSample.Of(300);
        long page = sample.Oracle.LastPage;
        byte[] changed = DamagedAt(sample, page);
        using CheckpointReader reader = CheckpointReader.Open(new BytesStorage(changed, changed.Length));
        using Epoch damaged = reader.OpenNewest();
        using var memory = new ScriptedMemory(sample.Oracle.WithDamageOf(damaged), new GuestScript()) { EndsWhenIdle = () => true };
        using var lazy = new LazyResume(damaged, memory, null, new LazyResumeOptions { BackgroundFill = false });
        memory.Demand(page);
        memory.Demand(page);
        ResumeReport report = lazy.Run(TestContext.Current.CancellationToken);

        Assert.Equal([new Pfn(page)], report.DamagedPages);
        Assert.Equal(2, report.Faults.Total);
    }

    /// <summary>As before Linux 6.6: the guest waits for the page, which is better than a wrong one.</summary>
    [Property(MaxTest = 60)]
    public void Where_nothing_can_be_poisoned_the_resume_ends_with_an_error_and_nothing_is_released(int seed)
    {
        ResumeSample sample = ResumeSample.Of(300);
        long page = sample.Oracle.LastPage;
        byte[] changed = DamagedAt(sample, page);
        using CheckpointReader reader = sample.Open(new BytesStorage(changed, changed.Length));
        using Epoch damaged = reader.OpenNewest();
        using var memory = new ScriptedMemory(sample.Oracle.WithDamageOf(damaged), new GuestScript { Seed = seed, Steps = 100 }) { CannotPoison = true };
        using var lazy = new LazyResume(damaged, memory, null, new LazyResumeOptions { BackgroundFill = seed % 2 == 0, BubblePages = 400 });
        if (seed % 2 != 0)
        {
            memory.Demand(page);
        }

        Assert.Throws<UnsupportedException>(() => lazy.Run(TestContext.Current.CancellationToken));
        Assert.Equal((false, false), (memory.Released, memory.Pages.ContainsKey(page)));
    }

    private static ResumeReport Resume(ResumeSample sample, byte[] file, int seed)
    {
        using CheckpointReader reader = sample.Open(new BytesStorage(file, file.Length));
        using Epoch epoch = reader.OpenNewest();
        GuestOracle oracle = sample.Oracle.WithDamageOf(epoch);
        LazyResume? resume = null;
        using var memory = new ScriptedMemory(oracle, new GuestScript { Seed = seed, Steps = 20 }) { EndsWhenIdle = () => resume!.IsStuck };
        using LazyResume lazy = resume = new LazyResume(epoch, memory, null);
        ResumeReport report = lazy.Run(TestContext.Current.CancellationToken);

        // Of what lies behind a damaged index nobody knows whether it is zero.
        Assert.Equal(report.Damage is null ? ResumeOutcome.Complete : ResumeOutcome.GuestEnded, report.Outcome);
        Assert.Equal(report.Damage is null, memory.Released);
        Assert.Equal(report.DamagedPages.Count, report.DamagedPages.Distinct().Count());
        Assert.All(report.DamagedPages, page => Assert.Contains(page.Value, oracle.Damaged));
        if (memory.Released)
        {
            memory.AssertWhole();
            Assert.Equal(oracle.Damaged, report.DamagedPages.Select(page => page.Value).ToHashSet());
        }

        return report;
    }

    /// <summary>The file of a sample with a bit of one page flipped.</summary>
    private static byte[] DamagedAt(ResumeSample sample, long page)
    {
        byte[] changed = [.. sample.File];
        using CheckpointReader sound = sample.Open();
        using Epoch epoch = sound.OpenNewest();
        changed[ResumeSample.PlaceOf(epoch, page).Start] ^= 1;
        return changed;
    }
}
