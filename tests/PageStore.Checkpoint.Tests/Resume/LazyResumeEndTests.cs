using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>However a resume ends, it ends at once, says how, and nothing of it goes on behind its disposal.</summary>
public sealed class LazyResumeEndTests
{
    private const int PageCount = 1500;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(700)]
    public void It_can_be_cancelled_whenever_a_page_is_brought(int when)
    {
        using var cancellation = new CancellationTokenSource();
        int brought = 0;
        if (when == 0)
        {
            cancellation.Cancel();
        }

        ResumeReport report = Resume(new GuestScript { Steps = 50 }, cancellation.Token, _ =>
        {
            if (++brought == when)
            {
                cancellation.Cancel();
            }
        });

        Assert.Equal((ResumeOutcome.Cancelled, (TimeSpan?)null), (report.Outcome, report.TimeToFull));

        // What was begun is brought to its end: one batch at most.
        Assert.InRange(brought, when, when + FillBatch.Capacity);
    }

    [Fact]
    public void It_can_be_cancelled_while_it_waits()
    {
        using var cancellation = new CancellationTokenSource();
        var options = new LazyResumeOptions { BackgroundFill = false };
        using var open = new Opened();
        using var memory = new ScriptedMemory(open.Sample.Oracle, new GuestScript())
        {
            EndsWhenIdle = () =>
            {
                cancellation.Cancel();
                return false;
            },
        };
        using var lazy = new LazyResume(open.Epoch, memory, null, options);

        Assert.Equal(ResumeOutcome.Cancelled, lazy.Run(cancellation.Token).Outcome);
    }

    [Fact]
    public void A_guest_that_ends_at_its_last_page_is_not_complete()
    {
        using var open = new Opened();
        ScriptedMemory? memory = null;
        memory = new ScriptedMemory(open.Sample.Oracle, new GuestScript())
        {
            BeforeFill = page =>
            {
                if (page == open.Sample.Oracle.LastPage)
                {
                    memory!.End();
                }
            },
        };
        using var lazy = new LazyResume(open.Epoch, memory, null);
        ResumeReport? report = null;
        Exception? failure = Record.Exception(() => report = lazy.Run(TestContext.Current.CancellationToken));

        Assert.Null(failure);
        Assert.Equal((ResumeOutcome.GuestEnded, false), (report!.Outcome, memory.Released));
    }

    [Fact]
    public void What_the_memory_throws_comes_out()
    {
        using var open = new Opened();
        using var memory = new ScriptedMemory(open.Sample.Oracle, new GuestScript { Steps = 100 })
        {
            BeforeFill = page => throw new StorageException($"no memory for page {page}"),
        };
        using var lazy = new LazyResume(open.Epoch, memory, null);

        Assert.Throws<StorageException>(() => lazy.Run(TestContext.Current.CancellationToken));
        lazy.Dispose();
        memory.Closed = true;
        Thread.Sleep(20);
        Assert.Equal(0, memory.CallsWhenClosed);
    }

    [Fact]
    public void It_runs_once_and_may_be_disposed_before_and_again()
    {
        using var open = new Opened();
        using var memory = new ScriptedMemory(open.Sample.Oracle, new GuestScript());
        using (var never = new LazyResume(open.Epoch, memory, null))
        {
            never.Dispose();
        }

        using var lazy = new LazyResume(open.Epoch, memory, null);
        lazy.Run(TestContext.Current.CancellationToken);
        Assert.Throws<InvalidOperationException>(() => lazy.Run(TestContext.Current.CancellationToken));
        lazy.Dispose();
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        using var open = new Opened();
        using var small = new ScriptedMemory(ResumeSample.Of(2).Oracle, new GuestScript());
        using var memory = new ScriptedMemory(open.Sample.Oracle, new GuestScript());
        EpochId id = open.Epoch.Info.Id;

        Assert.Throws<UnsupportedException>(() => new LazyResume(open.Epoch, small, null));
        Assert.Throws<ArgumentException>(() => new LazyResume(open.Epoch, memory, new ResumePlan(new EpochId(id.Value + 1), [], 1)));
        Assert.Throws<ArgumentException>(() => new LazyResume(open.Epoch, memory, new ResumePlan(id, [new Pfn(PageCount)], 1)));
        Assert.Throws<ArgumentException>(() => new LazyResume(open.Epoch, memory, new ResumePlan(id, [new Pfn(-1)], 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LazyResume(open.Epoch, memory, null, new LazyResumeOptions { Readers = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LazyResume(open.Epoch, memory, null, new LazyResumeOptions { BubblePages = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LazyResume(open.Epoch, memory, null, new LazyResumeOptions { BackgroundRate = 0 }));
    }

    private static ResumeReport Resume(GuestScript script, CancellationToken cancellationToken, Action<long> beforeFill)
    {
        using var open = new Opened();
        using var memory = new ScriptedMemory(open.Sample.Oracle, script) { BeforeFill = beforeFill };
        using var lazy = new LazyResume(open.Epoch, memory, null);
        ResumeReport report = lazy.Run(cancellationToken);
        lazy.Dispose();
        memory.Closed = true;
        Assert.Equal((false, 0), (memory.Released, memory.CallsWhenClosed));
        return report;
    }

    private sealed class Opened : IDisposable
    {
        private readonly CheckpointReader _reader;

        public Opened()
        {
            _reader = Sample.Open();
            Epoch = _reader.OpenNewest();
        }

        public ResumeSample Sample { get; } = ResumeSample.Of(PageCount);

        public Epoch Epoch { get; }

        public void Dispose()
        {
            Epoch.Dispose();
            _reader.Dispose();
        }
    }
}
