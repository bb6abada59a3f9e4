using System.Globalization;
using System.IO.Hashing;

namespace PageStore.Checkpoint.Peer;

/// <summary>
/// Follows a checkpoint file that another process writes: reads each epoch that it gets to see as the newest, then all of them,
/// and prints "epoch sum-of-the-whole-guest" for each.
/// </summary>
internal static class Follower
{
    public static int Run(string path, string mode, string lastId)
    {
        var options = new CheckpointReaderOptions { ReadMode = Enum.Parse<ReadMode>(mode) };
        var last = new EpochId(long.Parse(lastId, CultureInfo.InvariantCulture));
        using CheckpointReader reader = CheckpointReader.Open(path, options);
        EpochId? seen = null;
        Console.WriteLine("ready");
        while (seen != last)
        {
            if (reader.Newest is { } newest && newest != seen)
            {
                Report(reader.OpenEpoch(newest));
                seen = newest;
            }
            else if (!reader.Refresh())
            {
                Thread.Yield();
            }
        }

        foreach (EpochInfo info in reader.Epochs())
        {
            Report(reader.OpenEpoch(info.Id));
        }

        return 0;
    }

    private static void Report(Epoch epoch)
    {
        byte[] image = new byte[epoch.PageCount * epoch.PageSize];
        epoch.ReadPages(new Pfn(0), image);
        using PageBitmap written = epoch.ReadWrittenSet();
        if (written.Count() != epoch.Info.PagesWritten)
        {
            throw new InvalidDataException($"W of epoch {epoch.Info.Id} has {written.Count()} pages.");
        }

        Console.WriteLine($"{epoch.Info.Id} {XxHash3.HashToUInt64(image):x16}");
    }
}
