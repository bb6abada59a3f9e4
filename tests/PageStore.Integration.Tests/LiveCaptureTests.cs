using PageStore.Checkpoint;
using PageStore.Native;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>A live memory region under the kernel's own dirty log goes in, epochs in a file come out, equal to the byte.</summary>
public sealed class LiveCaptureTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(true, "none")]
    [InlineData(true, "lz4")]
    [InlineData(false, "none")]
    public void Each_epoch_of_a_running_region_is_the_region_at_its_pause(bool shared, string codec)
    {
        SkipUnlessTrackable();
        const long length = 32L << 20;
        using MemoryRegion region = shared ? MemoryRegion.CreateShared(length) : MemoryRegion.CreatePrivate(length);
        using IDirtyLog log = shared ? new LinuxAccessLog(region) : new LinuxDirtyLog(region);
        using var guest = new RunningGuest(region, cpus: 2, seed: 42);
        var images = new List<byte[]>();
        using (CheckpointWriter writer = CheckpointWriter.Create(_path, new CheckpointWriterOptions { Codec = codec == "lz4" ? PageCodecs.Lz4 : PageCodecs.None }))
        using (var capture = new GuestCapture(writer, region, log, guest, new CaptureOptions { BufferBytes = 4 << 20 }))
        {
            for (int epoch = 0; epoch < 8; epoch++)
            {
                EpochReport report = capture.Capture();
                images.Add(guest.AtResume);
                Assert.Equal(shared, report.Epoch.PagesRead is not null);
                Assert.True(report.Epoch.PagesWritten > 0);
            }
        }

        using CheckpointReader reader = CheckpointReader.Open(_path);
        byte[] image = new byte[length];
        for (int epoch = 0; epoch < images.Count; epoch++)
        {
            reader.OpenEpoch(new EpochId(epoch + 1)).ReadPages(new Pfn(0), image);
            Assert.True(image.AsSpan().SequenceEqual(images[epoch]), $"epoch {epoch + 1} is not the region at its pause");
        }

        Assert.Empty(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void W_and_R_in_the_file_are_exactly_what_was_touched()
    {
        SkipUnlessTrackable();
        using MemoryRegion region = MemoryRegion.CreateShared(16L << 20);
        using var log = new LinuxAccessLog(region);
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using var capture = new GuestCapture(writer, region, log, new StoppedGuest());
        for (int page = 0; page < region.PageCount; page++)
        {
            region.GetPage(new Pfn(page)).Fill(1);
        }

        capture.Capture();
        int sum = 0;
        for (int page = 0; page < 300; page++)
        {
            sum += region.GetPage(new Pfn(page * 7))[17];
            if (page % 3 == 0)
            {
                region.GetPage(new Pfn(page * 7))[17] = 2;
            }
        }

        Assert.Equal(300, sum);
        Epoch epoch = writer.OpenEpoch(capture.Capture().Epoch.Id);
        using PageBitmap written = epoch.ReadWrittenSet();
        using PageBitmap? read = epoch.ReadReadSet();
        Assert.Equal(100, written.Count());
        Assert.Equal(200, read!.Count());
        for (int page = 0; page < 300; page++)
        {
            Assert.Equal(page % 3 == 0, written.Contains(new Pfn(page * 7)));
            Assert.Equal(page % 3 != 0, read.Contains(new Pfn(page * 7)));
        }
    }

    private static void SkipUnlessTrackable()
    {
        string? missing = LinuxTrackingCapabilities.Probe().Missing;
        Assert.SkipWhen(missing is not null, missing ?? string.Empty);
    }

    /// <summary>The test itself is the guest, and stands still during a capture anyway.</summary>
    private sealed class StoppedGuest : IGuestPause
    {
        public void Pause()
        {
        }

        public void Resume()
        {
        }
    }
}
