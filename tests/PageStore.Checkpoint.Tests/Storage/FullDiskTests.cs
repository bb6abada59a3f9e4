using PageStore.Checkpoint.Peer;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>A writer fills a real file system: it is told that the disk is full, the file keeps its last epoch, and with space again the next writer goes on.</summary>
public sealed class FullDiskTests
{
    private const int Megabytes = 12;

    /// <summary>Deleted to make space again.</summary>
    private const int BallastBytes = 2 << 20;

    [Fact]
    public void A_full_disk_is_an_error_and_loses_nothing()
    {
        using SmallFileSystem disk = SmallFileSystem.MountOrSkip(Megabytes);
        string path = Path.Combine(disk.Root, "f.pages");
        string ballast = Path.Combine(disk.Root, "ballast");
        File.WriteAllBytes(ballast, new byte[BallastBytes]);
        var options = new CheckpointWriterOptions { SegmentSize = 1 << 16 };

        long committed = Fill(CheckpointWriter.Create(path, options));
        AssertWhole(path, committed);
        File.Delete(ballast);
        using (CheckpointWriter writer = CheckpointWriter.Open(path, options))
        {
            SelfCheckingGuest.Commit(writer);
        }

        AssertWhole(path, committed + 1);
        Tally.Report($"full disks: {disk.Kind}", 1);
    }

    private static long Fill(CheckpointWriter writer)
    {
        using (writer)
        {
            long committed = 0;
            StorageException full = Assert.Throws<StorageException>(() =>
            {
                for (; committed < 10_000; committed++)
                {
                    SelfCheckingGuest.Commit(writer);
                }
            });
            Assert.Equal(Fault.Enospc, full.Errno);
            Assert.Contains("space", full.Message, StringComparison.OrdinalIgnoreCase);
            Assert.Throws<StorageException>(() => SelfCheckingGuest.Commit(writer));
            return committed;
        }
    }

    private static void AssertWhole(string path, long epochs)
    {
        using CheckpointReader reader = CheckpointReader.Open(path, new CheckpointReaderOptions { ReadMode = ReadMode.Positional });
        Assert.Equal(epochs, reader.Newest?.Value);
        VerifyReport report = reader.Verify();
        Assert.True(report.Ok, $"{report.Damage.FirstOrDefault()}");
        Assert.All(reader.Epochs(), info => SelfCheckingGuest.Check(reader.OpenEpoch(info.Id)));
    }
}
