using System.Diagnostics.Metrics;
using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Each epoch is the guest at the moment of its pause, whatever the guest writes before, meanwhile and after.</summary>
public sealed class GuestCaptureTests : IDisposable
{
    private const int Pages = 600;

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Property(MaxTest = 15)]
    public void Each_epoch_is_the_guest_at_its_pause(int seed, byte writesPerCopy, bool smallBuffers)
    {
        File.Delete(_path);
        using var guest = new SimulatedGuest(Pages, 4096, seed, writesPerCopy % 40);
        guest.Run(1000);
        using CheckpointWriter writer = CheckpointWriter.Create(_path, new CheckpointWriterOptions { SegmentSize = 1 << 20 });
        using var capture = new GuestCapture(writer, guest, guest, guest, new CaptureOptions { BufferBytes = smallBuffers ? 1 << 20 : 16 << 20 });
        for (int epoch = 0; epoch < 5; epoch++)
        {
            EpochReport report = capture.Capture($"epoch {epoch}");
            Assert.Equal(epoch == 0, report.FullImage);
            AssertContent(writer, report.Epoch.Id, guest.AtResume);
            guest.Run(epoch * 100);
        }
    }

    [Fact]
    public void Each_epoch_comes_with_its_pack_and_takes_the_one_before_away()
    {
        using var guest = new SimulatedGuest(Pages, 4096, 1, 0);
        guest.Run(1000);
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using var packs = new PackKeeper(writer, new TouchedPages(), budget: 1);
        using var capture = new GuestCapture(writer, guest, guest, guest, new CaptureOptions { Packs = packs });
        Assert.Null(capture.Capture().Epoch.Pack);
        for (int epoch = 1; epoch < 4; epoch++)
        {
            guest.Run(50);
            EpochInfo info = capture.Capture().Epoch;
            Assert.Equal(info.PagesWritten + info.PagesRead, info.Pack?.Pages);
        }

        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Equal([false, false, false, true], reader.Epochs().Select(info => info.Pack is not null));
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Property(MaxTest = 15)]
    public void Without_a_log_each_epoch_is_the_guest_at_its_pause_and_keeps_what_differs(int seed, byte writesPerCopy)
    {
        File.Delete(_path);
        using var guest = new SimulatedGuest(Pages, 4096, seed, writesPerCopy % 40);
        guest.Run(1000);
        using CheckpointWriter writer = CheckpointWriter.Create(_path, new CheckpointWriterOptions { SegmentSize = 1 << 20 });
        using var capture = new GuestCapture(writer, guest, null, guest);
        byte[] before = new byte[guest.Memory.Length];
        for (int epoch = 0; epoch < 5; epoch++)
        {
            EpochReport report = capture.Capture();
            Assert.True(report.FullImage);
            AssertContent(writer, report.Epoch.Id, guest.AtResume);
            if (epoch > 0)
            {
                Assert.Equal(Enumerable.Range(0, Pages).Count(page => !PageOf(before, page).SequenceEqual(PageOf(guest.AtResume, page))), report.Epoch.PagesWritten);
            }

            before = guest.AtResume;
            guest.Run(epoch * 20);
        }

        Assert.False(guest.Tracking);

        static ReadOnlySpan<byte> PageOf(byte[] image, int page) => image.AsSpan(page * 4096, 4096);
    }

    [Fact]
    public void W_is_what_was_written_between_the_pauses_and_R_is_disjoint()
    {
        using var guest = new SimulatedGuest(Pages, 4096, 3, writesPerCopy: 0);
        guest.Run(500);
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using var capture = new GuestCapture(writer, guest, guest, guest);
        capture.Capture();
        guest.Written.Clear();
        guest.Run(40);
        EpochReport report = capture.Capture();

        Epoch epoch = writer.OpenEpoch(report.Epoch.Id);
        using PageBitmap written = epoch.ReadWrittenSet();
        using PageBitmap? read = epoch.ReadReadSet();
        Assert.Equal(guest.Written.Order(), SetOf(written));
        Assert.NotNull(read);
        Assert.Empty(SetOf(read).Intersect(guest.Written));
        Assert.Equal(read.Count(), report.Epoch.PagesRead);
        Assert.Equal(guest.Written.Count, report.PagesCopied);
    }

    [Fact]
    public void A_fast_writer_is_streamed_in_rounds_and_then_taken_whole()
    {
        using var guest = new SimulatedGuest(4096, 4096, 5, writesPerCopy: 600);
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using var capture = new GuestCapture(writer, guest, guest, guest, new CaptureOptions { BufferBytes = 1 << 20, MaxRounds = 2 });
        EpochReport report = capture.Capture();
        Assert.Equal(2, report.Rounds);
        Assert.True(report.PagesCopied > 256, "more than the buffers hold was left for the pause");
        AssertContent(writer, report.Epoch.Id, guest.AtResume);
    }

    [Fact]
    public void What_was_harvested_by_a_failed_capture_is_in_the_next()
    {
        using var guest = new SimulatedGuest(Pages, 4096, 9, writesPerCopy: 0);
        guest.Run(300);
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using var capture = new GuestCapture(writer, guest, guest, guest);
        capture.Capture();
        guest.Written.Clear();
        guest.Run(50);
        guest.FailCopyAfter = 3;
        Assert.Throws<StorageException>(() => capture.Capture());
        Assert.False(guest.Paused);
        guest.Run(10);

        EpochReport report = capture.Capture();
        AssertContent(writer, report.Epoch.Id, guest.AtResume);
        using PageBitmap written = writer.OpenEpoch(report.Epoch.Id).ReadWrittenSet();
        Assert.Equal(guest.Written.Order(), SetOf(written));
    }

    [Fact]
    public void A_capture_into_an_existing_file_stores_only_what_differs()
    {
        using var guest = new SimulatedGuest(Pages, 4096, 11, writesPerCopy: 0);
        guest.Run(2000);
        using (CheckpointWriter first = CheckpointWriter.Create(_path))
        {
            using var capture = new GuestCapture(first, guest, guest, guest);
            capture.Capture();
        }

        guest.Written.Clear();
        guest.Run(25);
        using CheckpointWriter writer = CheckpointWriter.Open(_path);
        using var again = new GuestCapture(writer, guest, guest, guest);
        EpochReport report = again.Capture();
        Assert.True(report.FullImage);
        Assert.Equal(new EpochId(1), report.Epoch.Parent);
        Assert.InRange(report.Epoch.PagesWritten, 1, guest.Written.Count);
        AssertContent(writer, report.Epoch.Id, guest.AtResume);
    }

    [Fact]
    public void Holes_are_absent_and_cost_nothing()
    {
        using var guest = new SimulatedGuest(Pages, 4096, 13, writesPerCopy: 0);
        guest.Run(3000);
        guest.Holes.UnionWith(Enumerable.Range(100, 200).Select(pfn => (long)pfn));
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using var capture = new GuestCapture(writer, guest, guest, guest);
        EpochReport report = capture.Capture();
        Assert.Equal(200, report.Epoch.PagesAbsent);
        Assert.Equal(Pages - 200, report.Epoch.PagesWritten);
        Assert.Equal(GuestPageType.Absent, writer.OpenEpoch(report.Epoch.Id).GetPageInfo(new Pfn(150)).Type);
    }

    [Fact]
    public void Disposing_stops_the_log_and_metrics_are_recorded()
    {
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "PageStore.Checkpoint")
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Add(instrument.Name, value));
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(instrument.Name, value));
        listener.Start();

        var guest = new SimulatedGuest(Pages, 4096, 17, writesPerCopy: 0);
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        EpochReport report;
        using (var capture = new GuestCapture(writer, guest, guest, guest))
        {
            report = capture.Capture();
            Assert.True(guest.Tracking);
        }

        Assert.False(guest.Tracking);
        Assert.True(report.Pause >= report.Harvest + report.Copy);
        Assert.True(report.Total >= report.Pause + report.Stream + report.Store + report.Commit);
        lock (seen)
        {
            Assert.True(seen["pagestore.capture.epochs"] >= 1);
            Assert.True(seen["pagestore.capture.bytes"] >= report.Epoch.Bytes);
            Assert.Contains("pagestore.capture.pause", seen.Keys);
        }

        void Add(string name, double value)
        {
            lock (seen)
            {
                seen[name] = seen.GetValueOrDefault(name) + value;
            }
        }
    }

    [Fact]
    public void A_run_ends_at_its_number_and_on_cancellation()
    {
        using var guest = new SimulatedGuest(Pages, 4096, 19, writesPerCopy: 3);
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using var capture = new GuestCapture(writer, guest, guest, guest);
        var ids = new List<long>();
        capture.Run(TimeSpan.Zero, 3, report => ids.Add(report.Epoch.Id.Value), CancellationToken.None);
        Assert.Equal([1, 2, 3], ids);

        using var source = new CancellationTokenSource();
        capture.Run(TimeSpan.FromDays(1), null, _ => source.Cancel(), source.Token);
        Assert.Equal(new EpochId(4), writer.Newest);
    }

    private static void AssertContent(CheckpointWriter writer, EpochId id, byte[] expected)
    {
        byte[] actual = new byte[expected.Length];
        writer.OpenEpoch(id).ReadPages(new Pfn(0), actual);
        Assert.True(actual.AsSpan().SequenceEqual(expected), $"epoch {id} is not the guest at its pause");
    }

    private static List<long> SetOf(PageBitmap bitmap)
    {
        var pages = new List<long>();
        foreach (Pfn pfn in bitmap.SetBits())
        {
            pages.Add(pfn.Value);
        }

        return pages;
    }
}
