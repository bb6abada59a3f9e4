namespace PageStore.Cli.Tests;

/// <summary>Who waits for a reader that has stopped, or nearly: a running guest does, and one that stands still does for one limit, as does who pressed Ctrl-C.</summary>
public sealed class PatientOutputTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private readonly MovedClock _clock = new();
    private readonly Standstill _standstill = new();
    private readonly CancellationTokenSource _interrupt = new();
    private readonly FullPipe _pipe = new();
    private readonly PatientOutput _output;

    public PatientOutputTests() => _output = new PatientOutput(_pipe, _standstill, Patience, LastPatience, _interrupt.Token, _clock);

    public void Dispose()
    {
        _output.Dispose();
        _interrupt.Dispose();
        _pipe.Dispose();
    }

    [Fact]
    public async Task A_guest_that_stands_still_does_not_wait_for_a_reader_that_has_stopped()
    {
        _standstill.Begin();
        Task write = Write();
        Pass(9.9);
        Assert.False(write.IsCompleted);
        Pass(0.1);
        await AssertRefused(write, "stand still for 10 s");
    }

    [Fact]
    public async Task Nor_for_one_that_takes_a_little_now_and_then()
    {
        _standstill.Begin();
        await Trickle(4);
        await Trickle(4);
        Task third = Write();
        Pass(2);
        await AssertRefused(third, "stand still for 10 s");

        // It stays refused, however quickly it would read now.
        Task fourth = Write();
        await AssertRefused(fourth, "stand still for 10 s");
    }

    [Fact]
    public async Task Each_standstill_has_a_limit_of_its_own_and_a_running_guest_none()
    {
        for (int epoch = 0; epoch < 5; epoch++)
        {
            _standstill.Begin();
            await Trickle(9);
            _standstill.End();
            await Trickle(1000);
        }

        // Also where nothing is written between two of them.
        _standstill.Begin();
        await Trickle(9);
        _standstill.End();
        _standstill.Begin();
        await Trickle(9);
    }

    [Fact]
    public async Task What_the_guest_waits_for_besides_is_not_the_readers()
    {
        await _interrupt.CancelAsync();
        await Trickle(2);
        // A guest that takes its time to suspend, and a command of the operator beside the copy.
        Pass(20);
        _standstill.Begin();
        Pass(10);
        await Trickle(2.5);
    }

    [Fact]
    public async Task Behind_Ctrl_C_there_is_one_limit_whether_the_guest_runs_or_not()
    {
        await Trickle(1000);
        await _interrupt.CancelAsync();
        await Trickle(2);
        _standstill.Begin();
        await Trickle(2);
        _standstill.End();
        Task write = Write();
        Pass(1);
        await AssertRefused(write, "5 s since Ctrl-C");
    }

    [Fact]
    public async Task Ctrl_C_shortens_a_write_that_waits_already()
    {
        Task write = Write();
        Pass(1000);
        Assert.False(write.IsCompleted);
        await Interrupt();
        Pass(4.9);
        Assert.False(write.IsCompleted);
        Pass(0.1);
        await AssertRefused(write, "5 s since Ctrl-C");
    }

    [Fact]
    public async Task Ctrl_C_gives_a_standstill_no_more_time()
    {
        _standstill.Begin();
        Task write = Write();
        Pass(8);
        await Interrupt();
        Pass(2);
        await AssertRefused(write, "stand still for 10 s");
    }

    [Fact]
    public async Task No_order_of_things_makes_anybody_wait_longer()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            using var tests = new PatientOutputTests();
            await tests.Try(new Random(seed));
        }
    }

    /// <summary>Writes until one is refused, which is the first one that is beyond a limit.</summary>
    private async Task Try(Random random)
    {
        (int stood, int last) = (0, 0);
        while (true)
        {
            switch (random.Next(10))
            {
                case 0:
                    _standstill.Begin();
                    stood = 0;
                    break;
                case 1:
                    _standstill.End();
                    break;
                case 2 when random.Next(5) == 0:
                    await _interrupt.CancelAsync();
                    break;
                default:
                    int seconds = random.Next(1, 4);
                    stood += _standstill.IsOn ? seconds : 0;
                    last += _interrupt.IsCancellationRequested ? seconds : 0;
                    Task write = Write();
                    Pass(seconds);
                    if ((_standstill.IsOn && stood >= 10) || last >= 5)
                    {
                        await Assert.ThrowsAsync<IOException>(() => write);
                        return;
                    }

                    Assert.False(write.IsCompleted);
                    _pipe.Drain();
                    await write;
                    break;
            }
        }
    }

    private static async Task AssertRefused(Task write, string why) =>
        Assert.Contains(why, (await Assert.ThrowsAsync<IOException>(() => write)).Message, StringComparison.Ordinal);

    private Task Write() => _output.WriteAsync(new byte[10], TestContext.Current.CancellationToken).AsTask();

    private void Pass(double seconds) => _clock.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Ctrl-C while a write waits, which has taken note of it when this returns.</summary>
    private async Task Interrupt()
    {
        Task limited = _clock.NextTimer;
        await _interrupt.CancelAsync();
        await limited;
    }

    /// <summary>A write that is taken after a while.</summary>
    private async Task Trickle(double seconds)
    {
        Task write = Write();
        Pass(seconds);
        _pipe.Drain();
        await write;
    }

    /// <summary>Takes nothing until it is drained, once.</summary>
    private sealed class FullPipe : MemoryStream
    {
        private TaskCompletionSource _room = new();

        public void Drain() => Interlocked.Exchange(ref _room, new TaskCompletionSource()).SetResult();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => new(_room.Task);
    }
}
