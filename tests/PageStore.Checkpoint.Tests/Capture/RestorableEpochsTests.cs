using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Which epochs of a run are taken across a suspend, what is in them, and that the guest goes on whatever fails.</summary>
public sealed class RestorableEpochsTests : IDisposable
{
    private const int Pages = 300;

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(5, 1, false, "1 2 3 4 5")]
    [InlineData(5, 2, false, "2 4")]
    [InlineData(5, 0, true, "5")]
    [InlineData(4, 3, true, "3 4")]
    [InlineData(1, 0, true, "1")]
    [InlineData(3, 7, false, "")]
    public void The_epochs_that_were_asked_for_are_restorable_and_hold_the_state_of_their_moment(int epochs, int every, bool last, string expected)
    {
        using var guest = new SimulatedGuest(Pages, 4096, 4, writesPerCopy: 20);
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using var capture = new GuestCapture(writer, guest, guest, guest);
        var suspend = new SimulatedSuspend(guest);
        List<byte[]> moments = [];

        capture.Run(TimeSpan.Zero, epochs, _ => moments.Add(guest.AtResume), CancellationToken.None, new RestorableEpochs(suspend) { Every = every, Last = last });

        Assert.Equal(expected, string.Join(' ', Restorable(writer, epochs)));
        Assert.Equal(epochs, guest.PauseCount);
        for (int i = 0; i < epochs; i++)
        {
            Epoch epoch = writer.OpenEpoch(new EpochId(i + 1));
            byte[] content = new byte[Pages * 4096];
            epoch.ReadPages(new Pfn(0), content);
            Assert.True(content.AsSpan().SequenceEqual(moments[i]));
            if (epoch.Info.Consistency == EpochConsistency.Restorable)
            {
                Assert.Equal(["memory", "number"], epoch.Info.States.Select(state => state.Name));
                using Stream state = epoch.OpenState("memory");
                using var copy = new MemoryStream();
                state.CopyTo(copy);
                Assert.True(copy.ToArray().AsSpan().SequenceEqual(moments[i].AsSpan(0, 4096)), "the state is of another moment than the pages");
            }
            else
            {
                Assert.Empty(epoch.Info.States);
            }
        }
    }

    [Theory]
    [InlineData(true, 2, "3")]
    [InlineData(true, 0, "")]
    [InlineData(false, 2, "2")]
    public void A_cancelled_run_ends_with_one_more_that_is_restorable_if_the_last_is_to_be(bool last, int cancelledBehind, string expected)
    {
        using var guest = new SimulatedGuest(Pages, 4096, 4, writesPerCopy: 0);
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using var capture = new GuestCapture(writer, guest, guest, guest);
        using var cancellation = new CancellationTokenSource();
        int done = 0;
        if (cancelledBehind == 0)
        {
            cancellation.Cancel();
        }

        capture.Run(
            TimeSpan.Zero,
            null,
            _ =>
            {
                if (++done == cancelledBehind)
                {
                    cancellation.Cancel();
                }
            },
            cancellation.Token,
            new RestorableEpochs(new SimulatedSuspend(guest)) { Every = last ? 0 : 2, Last = last });

        Assert.Equal(expected, string.Join(' ', Restorable(writer, done)));
        Assert.Equal(cancelledBehind + (last && cancelledBehind > 0 ? 1 : 0), done);
    }

    [Fact]
    public void A_state_that_cannot_be_read_leaves_the_guest_running_and_its_pages_to_the_next_epoch()
    {
        using var guest = new SimulatedGuest(Pages, 4096, 4, writesPerCopy: 0);
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using var capture = new GuestCapture(writer, guest, guest, guest);
        var suspend = new SimulatedSuspend(guest);
        capture.CaptureRestorable(suspend);
        guest.Run(50);
        suspend.Fails = true;

        Assert.Throws<StorageException>(() => capture.CaptureRestorable(suspend));

        Assert.False(guest.Paused);
        suspend.Fails = false;
        EpochReport report = capture.CaptureRestorable(suspend, "again");
        Assert.Equal(("again", EpochConsistency.Restorable, new EpochId(2)), (report.Epoch.Label, report.Epoch.Consistency, report.Epoch.Id));
        byte[] content = new byte[Pages * 4096];
        writer.OpenEpoch(report.Epoch.Id).ReadPages(new Pfn(0), content);
        Assert.True(content.AsSpan().SequenceEqual(guest.AtResume));
    }

    [Fact]
    public void A_schedule_that_makes_no_sense_is_refused()
    {
        using var guest = new SimulatedGuest(Pages, 4096, 4, writesPerCopy: 0);
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using var capture = new GuestCapture(writer, guest, guest, guest);
        void Run(RestorableEpochs restorable) => capture.Run(TimeSpan.Zero, 1, _ => { }, CancellationToken.None, restorable);

        Assert.Throws<ArgumentNullException>(() => Run(new RestorableEpochs(null!)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(new RestorableEpochs(new SimulatedSuspend(guest)) { Every = -1 }));
        Assert.Equal(0, guest.PauseCount);
    }

    private static IEnumerable<long> Restorable(CheckpointWriter writer, int epochs) =>
        Enumerable.Range(1, epochs).Select(id => writer.OpenEpoch(new EpochId(id)).Info).Where(info => info.Consistency == EpochConsistency.Restorable).Select(info => info.Id.Value);

    /// <summary>The guest's first page is its state: it has to be of the moment of the other pages.</summary>
    private sealed class SimulatedSuspend(SimulatedGuest guest) : IGuestSuspend
    {
        private byte _number;

        public bool Fails { get; set; }

        public void Pause() => guest.Pause();

        public IReadOnlyList<GuestStateSection> ReadState()
        {
            Assert.True(guest.Paused);
            return Fails
                ? throw new StorageException("the state cannot be read")
                : [new GuestStateSection("memory", guest.Memory[..4096]), new GuestStateSection("number", new[] { ++_number })];
        }

        public void Resume() => guest.Resume();
    }
}
