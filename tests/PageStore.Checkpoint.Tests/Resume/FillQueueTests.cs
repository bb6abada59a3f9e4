using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What is to be loaded next: the neighbours of what was demanded last, then the plan in its order, then the rest, and nothing twice that is settled.</summary>
public sealed class FillQueueTests
{
    private const int PageCount = 1500;

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(256)]
    [InlineData(1000)]
    [InlineData(int.MaxValue)]
    public void All_neighbours_come_the_nearest_first(int radius)
    {
        const int Page = 700;
        using var queue = new Queue(plan: [], new LazyResumeOptions { BackgroundFill = false, BubblePages = radius });
        queue.Demand(Page);
        List<List<long>> batches = queue.TakeAll();
        List<long> all = [.. batches.SelectMany(batch => batch)];

        Assert.Equal(Enumerable.Range(0, PageCount).Where(page => page != Page && Math.Abs((long)page - Page) <= radius).Select(page => (long)page), all.Order());
        Assert.All(batches.Zip(batches.Skip(1)), pair => Assert.True(pair.First.Max(Distance) <= pair.Second.Min(Distance)));
        static long Distance(long page) => Math.Abs(page - Page);
    }

    [Fact]
    public void Neighbours_that_are_on_their_way_are_not_taken_again()
    {
        using var queue = new Queue(plan: [], new LazyResumeOptions { BackgroundFill = false, BubblePages = 1000 });
        queue.Demand(3);
        List<long> all = [.. queue.TakeAll(settles: false).SelectMany(batch => batch)];

        Assert.Equal(all.Count, all.Distinct().Count());
    }

    [Property(MaxTest = 60)]
    public void The_plan_comes_in_its_order_then_all_the_rest_with_content(int seed)
    {
        var random = new Random(seed);
        Pfn[] plan = [.. Enumerable.Range(0, PageCount).Where(_ => random.Next(3) == 0).Select(page => new Pfn(page))];
        random.Shuffle(plan);
        using var queue = new Queue(plan, new LazyResumeOptions { BackgroundRate = null });
        for (int i = 0; i < 100; i++)
        {
            queue.Settle(random.Next(PageCount));
        }

        HashSet<long> settled = [.. queue.SettledPages];
        List<List<long>> batches = queue.TakeAll();
        List<long> expected = [.. plan.Select(page => page.Value).Where(page => !settled.Contains(page))];
        List<long> rest = [.. ResumeSample.Of(PageCount).Oracle.DataPages.Where(page => !settled.Contains(page) && !expected.Contains(page))];

        Assert.Equal(expected.Chunk(FillBatch.Capacity).SelectMany(chunk => chunk.Order()), batches.SelectMany(batch => batch).Take(expected.Count));
        Assert.Equal(rest, batches.SelectMany(batch => batch).Skip(expected.Count));
    }

    [Property(MaxTest = 100)]
    public void Demands_come_first_and_nothing_is_forgotten(int seed, bool background)
    {
        var random = new Random(seed);
        Pfn[] plan = [.. Enumerable.Range(0, PageCount).Where(_ => random.Next(3) == 0).Select(page => new Pfn(page))];
        using var queue = new Queue(plan, new LazyResumeOptions { BubblePages = random.Next(3) * 20, BackgroundFill = background, BackgroundRate = null });
        HashSet<long> wanted = [.. plan.Select(page => page.Value)];
        wanted.UnionWith(background ? ResumeSample.Of(PageCount).Oracle.DataPages : []);
        for (int i = 0; i < 20; i++)
        {
            int page = random.Next(PageCount);
            queue.Demand(page);
            wanted.UnionWith(Enumerable.Range(page - queue.Radius, (2 * queue.Radius) + 1).Where(near => near is >= 0 and < PageCount).Select(near => (long)near));
            Assert.True(!queue.TryTake(settles: true, out FillCause cause) || queue.Radius == 0 || cause == FillCause.Bubble || queue.IsAllAround(page));
        }

        queue.TakeAll();
        Assert.Subset(queue.SettledPages, wanted);
        Assert.True(queue.IsExhausted && queue.IsPlanDone);
    }

    [Fact]
    public void The_rest_waits_for_its_time_and_nothing_else_does()
    {
        var clock = new MovedClock();
        Pfn[] plan = [new(7), new(8)];
        using var queue = new Queue(plan, new LazyResumeOptions { BackgroundRate = FillBatch.Capacity * GuestOracle.PageSize, Clock = clock });
        Assert.True(queue.TryTake(settles: true, out FillCause first) && first == FillCause.Plan);
        Assert.True(queue.TryTake(settles: true, out FillCause second) && second == FillCause.Background);

        Assert.False(queue.TryTake(settles: true, out _));
        Assert.False(queue.IsExhausted);
        queue.Demand(1200);
        Assert.True(queue.TryTake(settles: true, out FillCause around) && around == FillCause.Bubble);
        Assert.False(queue.TryTake(settles: true, out _));

        clock.Advance(queue.UntilDue);
        Assert.True(queue.TryTake(settles: true, out FillCause later) && later == FillCause.Background);
        Assert.False(queue.TryTake(settles: true, out _));
    }

    /// <summary>A queue over a sample, whose batches are settled as they are taken, or not.</summary>
    private sealed class Queue : IDisposable
    {
        private readonly CheckpointReader _reader = ResumeSample.Of(PageCount).Open();
        private readonly SettledPages _settled = new(PageCount);
        private readonly FillBatch _batch = new(GuestOracle.PageSize);
        private readonly Epoch _epoch;
        private readonly FillQueue _queue;

        public Queue(Pfn[] plan, LazyResumeOptions options)
        {
            _epoch = _reader.OpenNewest();
            _queue = new FillQueue(_epoch, plan, _settled, options);
            Radius = options.BubblePages;
        }

        public int Radius { get; }

        public HashSet<long> SettledPages { get; } = [];

        public bool IsExhausted => _queue.IsExhausted;

        public TimeSpan UntilDue => _queue.UntilDue;

        public bool IsPlanDone => _queue.IsPlanDone;

        public void Demand(long page)
        {
            Settle(page);
            _queue.AddDemand(new Pfn(page));
        }

        public void Settle(long page)
        {
            _settled.Add(new Pfn(page), 1);
            SettledPages.Add(page);
        }

        public bool IsAllAround(long page) => Enumerable.Range((int)page - 16, 33).Where(near => near is >= 0 and < PageCount && Math.Abs(near - page) <= Radius).All(near => SettledPages.Contains(near));

        public List<List<long>> TakeAll(bool settles = true)
        {
            List<List<long>> batches = [];
            while (TryTake(settles, out _))
            {
                batches.Add([.. _batch.Pages.ToArray().Select(page => page.Value)]);
            }

            return batches;
        }

        public bool TryTake(bool settles, out FillCause cause)
        {
            bool any = _queue.TryTake(_batch);
            cause = _batch.Cause;
            if (any)
            {
                Assert.Equal(_batch.Pages.ToArray().Order(), _batch.Pages.ToArray());
                Assert.All(_batch.Pages.ToArray(), page => Assert.DoesNotContain(page.Value, SettledPages));
                foreach (Pfn page in settles ? _batch.Pages : [])
                {
                    Settle(page.Value);
                }

                _queue.Return(_batch);
            }

            return any;
        }

        public void Dispose()
        {
            _queue.Dispose();
            _settled.Dispose();
            _epoch.Dispose();
            _reader.Dispose();
        }
    }
}
