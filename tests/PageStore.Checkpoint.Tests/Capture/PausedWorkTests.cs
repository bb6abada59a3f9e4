using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Work runs while the guest stands still, the epoch keeps what it says, and whatever becomes of it the guest goes on.</summary>
public sealed class PausedWorkTests : IDisposable
{
    private const int Pages = 600;

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");
    private readonly SimulatedGuest _guest = new(Pages, 4096, seed: 1, writesPerCopy: 2);

    public void Dispose()
    {
        _guest.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public void The_guest_stands_still_until_the_work_has_ended_and_the_epoch_keeps_what_it_says()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        var work = new Work(async (_, _) =>
        {
            Assert.True(_guest.Paused);
            int copies = _guest.Copies;

            // The copy goes on beside it.
            while (_guest.Copies == copies)
            {
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            Assert.True(_guest.Paused);
        });
        using var capture = new GuestCapture(writer, _guest, _guest, _guest, new CaptureOptions { WhilePaused = [work] });
        for (int epoch = 1; epoch <= 2; epoch++)
        {
            _guest.Run(100);
            EpochReport report = capture.Capture();
            Assert.False(_guest.Paused);
            Assert.Equal(new EpochId(epoch), work.Epoch);
            Assert.InRange(report.Work, TimeSpan.Zero, report.Pause);
            using Epoch committed = writer.OpenEpoch(report.Epoch.Id);
            Assert.Equal(["work"], committed.Info.States.Select(state => state.Name));
            using Stream state = committed.OpenState("work");
            Assert.Equal(epoch, state.ReadByte());
        }
    }

    [Fact]
    public void Work_that_fails_makes_no_epoch_and_the_next_one_takes_its_pages()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        bool fails = false;
        var work = new Work(async (_, _) =>
        {
            await Task.Yield();
            if (fails)
            {
                throw new InvalidOperationException("the snapshot failed");
            }
        });
        using var capture = new GuestCapture(writer, _guest, _guest, _guest, new CaptureOptions { WhilePaused = [work] });
        capture.Capture();
        _guest.Written.Clear();
        _guest.Run(50);
        fails = true;
        Assert.Equal("the snapshot failed", Assert.Throws<InvalidOperationException>(() => capture.Capture()).Message);
        Assert.False(_guest.Paused);
        Assert.Equal(new EpochId(1), writer.Newest);

        fails = false;
        EpochReport report = capture.Capture();
        using PageBitmap written = writer.OpenEpoch(report.Epoch.Id).ReadWrittenSet();
        Assert.All(_guest.Written, pfn => Assert.True(written.Contains(new Pfn(pfn))));
    }

    [Fact]
    public void A_copy_that_fails_does_not_let_the_guest_wait_for_the_work()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        bool hangs = false;
        var work = new Work((_, abandoned) => hangs ? Task.Delay(Timeout.Infinite, abandoned) : Task.CompletedTask);
        using var capture = new GuestCapture(writer, _guest, _guest, _guest, new CaptureOptions { WhilePaused = [work] });
        capture.Capture();
        _guest.Run(50);
        hangs = true;
        _guest.FailPausedCopy = true;
        Assert.Throws<StorageException>(() => capture.Capture());
        Assert.False(_guest.Paused);
        Assert.True(work.Abandoned.IsCancellationRequested);
    }

    private sealed class Work(Func<EpochId, CancellationToken, Task> run) : IPausedWork
    {
        public EpochId Epoch { get; private set; }

        public CancellationToken Abandoned { get; private set; }

        public Task RunAsync(EpochId epoch, CancellationToken abandoned)
        {
            (Epoch, Abandoned) = (epoch, abandoned);
            return run(epoch, abandoned);
        }

        public IEnumerable<(string Name, ReadOnlyMemory<byte> Content)> TakeStates() => [("work", new[] { (byte)Epoch.Value })];
    }
}
