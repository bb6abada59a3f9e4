using System.Diagnostics;
using System.Globalization;
using PageStore.Checkpoint;

namespace PageStore.Benchmarks;

/// <summary>
/// A full capture against a plain gathered write of the very bytes that it stores, with the same sync; in turns, so that both meet the
/// same disk. Also what the capture allocates, and what memory it takes beyond the guest's.
/// </summary>
internal static class CaptureComparison
{
    private const int PageSize = 4096;

    public static int Run(string[] args)
    {
        int mebibytes = args.Contains("--quick") ? 256 : 1024;
        int rounds = args.Contains("--quick") ? 3 : 9;
        IPageCodec codec = args.Contains("--lz4") ? PageCodecs.Lz4 : PageCodecs.None;
        byte[] image = new GuestMix(1).Make(mebibytes);
        var guest = new ImageSeries([image]);
        string path = Path.Combine(Environment.CurrentDirectory, "capture.bench.pages");
        long stored = 0;
        foreach (ReadOnlyMemory<byte> run in DataRuns(image))
        {
            stored += run.Length;
        }

        List<double> plain = [], capture = [];
        var quarter = new ImageSeries([image[..(image.Length / 4)]]);
        long resident = ResidentBytes("VmRSS:");
        ResetPeak();
        Capture(guest, path, codec);
        long peak = ResidentBytes("VmHWM:");
        long fixedCost = Allocated(quarter, path, codec);
        long allocated = Allocated(guest, path, codec);
        for (int round = 0; round < rounds; round++)
        {
            plain.Add(PlainWrite(image, path));
            capture.Add(Capture(guest, path, codec));
        }

        var ratios = plain.Zip(capture, (a, b) => a / b).Order().ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            image {mebibytes} MiB, stored {stored >> 20} MiB, codec {codec.Name}, {rounds} rounds in turns
            plain gathered write + fdatasync  median {Median(plain):F3} s  ({stored / Median(plain) / 1e9:F2} GB/s)  min {plain.Min():F3}  max {plain.Max():F3}
            capture, committed                median {Median(capture):F3} s  ({stored / Median(capture) / 1e9:F2} GB/s)  min {capture.Min():F3}  max {capture.Max():F3}
            throughput, capture / plain       median {ratios[ratios.Count / 2]:F3}  min {ratios[0]:F3}  max {ratios[^1]:F3}
            allocated                         {allocated / 1024} KiB in all, {(double)(allocated - fixedCost) / (guest.PageCount - quarter.PageCount):F2} bytes for each page more
            memory beyond guest and runtime   {(peak - resident) >> 20} MiB at the peak
            """));
        return 0;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static double Capture(ImageSeries guest, string path, IPageCodec codec)
    {
        File.Delete(path);

        // The writer's own thread is created here, and begins where this one is pinned.
        Pinning.To(1);
        long start = Stopwatch.GetTimestamp();
        using (CheckpointWriter writer = CheckpointWriter.Create(path, new CheckpointWriterOptions { Codec = codec }))
        using (var capture = new GuestCapture(writer, guest, guest, guest))
        {
            Pinning.To(0);
            capture.Capture();
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        File.Delete(path);
        return seconds;
    }

    private static long Allocated(ImageSeries guest, string path, IPageCodec codec)
    {
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Capture(guest, path, codec);
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }

    /// <summary>Writes the runs of pages that are not zero one behind the other, at least 1 MiB a system call, and syncs.</summary>
    private static double PlainWrite(byte[] image, string path)
    {
        List<ReadOnlyMemory<byte>> runs = DataRuns(image);
        File.Delete(path);
        long start = Stopwatch.GetTimestamp();
        using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite))
        {
            List<ReadOnlyMemory<byte>> batch = [];
            long offset = 0;
            int bytes = 0;
            foreach (ReadOnlyMemory<byte> run in runs)
            {
                batch.Add(run);
                bytes += run.Length;
                if (bytes >= 1 << 20)
                {
                    RandomAccess.Write(file, batch, offset);
                    offset += bytes;
                    bytes = 0;
                    batch.Clear();
                }
            }

            RandomAccess.Write(file, batch, offset);
            RandomAccess.FlushToDisk(file);
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        File.Delete(path);
        return seconds;
    }

    private static List<ReadOnlyMemory<byte>> DataRuns(byte[] image)
    {
        List<ReadOnlyMemory<byte>> runs = [];
        int start = -1;
        for (int at = 0; at <= image.Length; at += PageSize)
        {
            bool data = at < image.Length && PageClassifier.Classify(image.AsSpan(at, PageSize), out _) == PageClass.Data;
            if (data && start < 0)
            {
                start = at;
            }
            else if (!data && start >= 0)
            {
                runs.Add(image.AsMemory(start, at - start));
                start = -1;
            }
        }

        return runs;
    }

    private static void ResetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    private static long ResidentBytes(string field)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(field.Length, line.Length - field.Length - 2).Trim(), CultureInfo.InvariantCulture) << 10;
    }
}
