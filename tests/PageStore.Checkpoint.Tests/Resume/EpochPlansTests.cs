using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Plans of what a file remembers: which intervals a policy is shown, and what of its ranking is the plan.</summary>
public sealed class EpochPlansTests
{
    private const int Pages = 64;

    [Fact]
    public void A_policy_learns_the_intervals_that_led_to_the_epoch_and_the_plan_is_its_ranking()
    {
        // 1, 2, 3, and from 2 a branch with 4.
        using CheckpointReader reader = Write(reads: true);
        using Epoch epoch = reader.OpenEpoch(new EpochId(4));
        using var policy = new Recorder();
        ResumePlan plan = EpochPlans.Make(reader, epoch, policy, 1.5, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(["2 / 20", "4 / 40"], policy.Observed);
        Assert.Equal(0, policy.Tables);

        // One page was written and one read before epoch 4; a page behind the end of the guest is no page of the plan.
        Assert.Equal(3, policy.Budget);
        Assert.Equal(new EpochId(4), plan.Epoch);
        Assert.Equal([new Pfn(7), new Pfn(5)], plan.Pages.ToArray());
        Assert.Equal(3, plan.ConfiguredPages);
        Assert.True(plan.IsLarge);
    }

    [Fact]
    public void A_budget_is_what_it_says_and_an_epoch_without_a_history_has_no_plan()
    {
        using CheckpointReader reader = Write(reads: true);
        using Epoch epoch = reader.OpenEpoch(new EpochId(3));
        using Epoch first = reader.OpenEpoch(new EpochId(1));
        using var policy = new Recorder();
        Assert.Equal(2, EpochPlans.MakeWithin(reader, epoch, policy, new ResumeBudget(11), cancellationToken: TestContext.Current.CancellationToken).Pages.Length);
        Assert.Equal(11, policy.Budget);

        using var fresh = new Recorder();
        Assert.True(EpochPlans.MakeWithin(reader, first, fresh, new ResumeBudget(11), cancellationToken: TestContext.Current.CancellationToken).Pages.IsEmpty);
        Assert.True(EpochPlans.Make(reader, first, fresh, 2, cancellationToken: TestContext.Current.CancellationToken).Pages.IsEmpty);
        Assert.Empty(fresh.Observed);
        Assert.Throws<ArgumentOutOfRangeException>(() => EpochPlans.Make(reader, first, fresh, double.NaN, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Throws<OperationCanceledException>(() => EpochPlans.Make(reader, epoch, fresh, 2, cancellationToken: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Where_reads_are_not_known_the_writes_are_all_that_was_touched()
    {
        // No page of these looks like a table.
        using CheckpointReader reader = Write(reads: false);
        using Epoch epoch = reader.OpenEpoch(new EpochId(3));
        using var policy = new Recorder();
        EpochPlans.Make(reader, epoch, policy, 2, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(["2 / -", "3 / -"], policy.Observed);
        Assert.Equal((2, 0), (policy.Budget, policy.Tables));
    }

    private static CheckpointReader Write(bool reads)
    {
        var file = new MemoryFile();
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions()))
        {
            Commit(writer, null, 1, reads);
            Commit(writer, 1, 2, reads);
            Commit(writer, 2, 3, reads);
            Commit(writer, 2, 4, reads);
        }

        return CheckpointReader.Open(new MemoryStorage(file));
    }

    private static void Commit(CheckpointWriter writer, long? parent, int page, bool reads)
    {
        using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { PageCount = Pages, Parent = parent is { } id ? new EpochId(id) : null });
        byte[] content = new byte[4096];
        content.AsSpan().Fill((byte)page);
        content[0] = 0;
        epoch.WritePages(new Pfn(page), content);
        if (reads)
        {
            using var read = new PageBitmap(Pages);
            read.Set(new Pfn(page * 10));
            epoch.SetReadSet(read);
        }

        epoch.Commit();
    }

    private sealed class Recorder : IResumePolicy
    {
        public List<string> Observed { get; } = [];

        public int Tables { get; private set; }

        public long Budget { get; private set; }

        public string Name => "recorder";

        public void Observe(AccessInterval interval) =>
            Observed.Add($"{Text(interval.Written)} / {(interval.Read is { } read ? Text(read) : "-")}");

        public void ObserveTables(GuestPageTables tables) => Tables++;

        public Pfn[] Rank(long budget)
        {
            Budget = budget;
            return [new Pfn(7), new Pfn(Pages), new Pfn(5)];
        }

        public void Dispose()
        {
        }

        private static string Text(PageBitmap set)
        {
            List<long> pages = [];
            foreach (Pfn page in set.SetBits())
            {
                pages.Add(page.Value);
            }

            return string.Join(' ', pages);
        }
    }
}
