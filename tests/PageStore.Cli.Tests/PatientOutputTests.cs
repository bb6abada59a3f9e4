namespace PageStore.Cli.Tests;

/// <summary>Who waits for a reader that has stopped: a running guest does, and one that stands still does not.</summary>
public sealed class PatientOutputTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task A_guest_that_stands_still_does_not_wait()
    {
        using var output = new PatientOutput(new FullPipe(), () => true, Patience, CancellationToken.None);
        IOException failure = await Assert.ThrowsAsync<IOException>(async () => await output.WriteAsync(new byte[10], TestContext.Current.CancellationToken));
        Assert.Contains("Nobody has read it", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_guest_waits_until_Ctrl_C()
    {
        using var interrupt = new CancellationTokenSource();
        var pipe = new FullPipe();
        using var output = new PatientOutput(pipe, () => false, Patience, interrupt.Token);
        Task first = output.WriteAsync(new byte[10], TestContext.Current.CancellationToken).AsTask();
        Assert.False(first.IsCompleted);
        pipe.Drain();
        await first;

        Task second = output.WriteAsync(new byte[10], TestContext.Current.CancellationToken).AsTask();
        Assert.False(second.IsCompleted);
        await interrupt.CancelAsync();
        await Assert.ThrowsAsync<IOException>(() => second);
    }

    /// <summary>Takes nothing until it is drained, once.</summary>
    private sealed class FullPipe : MemoryStream
    {
        private TaskCompletionSource _room = new();

        public void Drain() => Interlocked.Exchange(ref _room, new TaskCompletionSource()).SetResult();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => new(_room.Task);
    }
}
