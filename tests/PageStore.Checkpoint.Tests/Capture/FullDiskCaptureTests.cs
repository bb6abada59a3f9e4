using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>The disk fills up under a capture, at each of its writes: the guest goes on, its log is off, and the file has its last epoch.</summary>
public sealed class FullDiskCaptureTests
{
    private const int Pages = 600;
    private const int Epochs = 4;

    private static readonly CheckpointWriterOptions Options = new() { SegmentSize = 1 << 16 };

    [Fact]
    public void Each_epoch_but_the_one_that_did_not_fit_is_there_and_the_next_capture_goes_on()
    {
        int struck = 0;
        for (int countdown = 1; ; countdown++)
        {
            var file = new MemoryFile();
            var fault = new Fault(FaultTarget.Write, countdown, Fault.Enospc, Short: true, Lasting: true);
            using var guest = new SimulatedGuest(Pages, 4096, countdown, writesPerCopy: 2);
            List<byte[]>? images = Fill(file, fault, guest);
            if (!fault.Struck)
            {
                break;
            }

            Assert.Equal((false, false), (guest.Paused, guest.Tracking));
            if (images is not null)
            {
                AssertEpochs(file, guest, images);
                struck++;
            }
        }

        Assert.True(struck > 2 * Epochs, $"only {struck} faults struck a capture");
    }

    /// <summary>Captures until the disk is full; returns the guest at each epoch that was committed, or null where the file could not even be created.</summary>
    private static List<byte[]>? Fill(MemoryFile file, Fault fault, SimulatedGuest guest)
    {
        guest.Run(300);
        List<byte[]>? images = null;
        try
        {
            using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file, fault), Options);
            images = [];
            using var capture = new GuestCapture(writer, guest, guest, guest);
            while (images.Count < Epochs)
            {
                capture.Capture();
                images.Add(guest.AtResume);
                guest.Run(60);
            }
        }
        catch (StorageException full)
        {
            Assert.Equal(Fault.Enospc, full.Errno);
        }

        return images;
    }

    private static void AssertEpochs(MemoryFile file, SimulatedGuest guest, List<byte[]> images)
    {
        using CheckpointWriter writer = CheckpointWriter.Open(new MemoryStorage(file), Options);
        long newest = writer.Newest?.Value ?? 0;
        Assert.InRange(newest, images.Count, images.Count + 1);
        if (newest > images.Count)
        {
            // The root was whole in what was written of its block.
            images.Add(guest.AtResume);
        }

        using (var capture = new GuestCapture(writer, guest, guest, guest))
        {
            capture.Capture();
        }

        images.Add(guest.AtResume);
        byte[] image = new byte[Pages * 4096];
        for (int epoch = 1; epoch <= images.Count; epoch++)
        {
            using Epoch committed = writer.OpenEpoch(new EpochId(epoch));
            committed.ReadPages(new Pfn(0), image);
            Assert.True(image.AsSpan().SequenceEqual(images[epoch - 1]), $"epoch {epoch} of {images.Count} is not the guest at its pause");
        }
    }
}
