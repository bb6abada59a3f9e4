using System.Diagnostics;
using System.Globalization;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Benchmarks;

/// <summary>
/// What each way of storing pages takes when a guest is captured: bytes in the file, processor time, the pause, and the block size at which pages are compared. The guest's memory is a series
/// of images, and its dirty log what differs between them. In turns, the writer's thread on a processor of its own; where xdelta3 is there, it makes its differences beside that.
/// </summary>
internal static class StoredComparison
{
    private static readonly Way[] Ways =
    [
        new("none", PageCodecs.None, null),
        new("lz4", PageCodecs.Lz4, null),
        new("shared, lz4, blocks of 64", PageCodecs.Lz4, 64),
        new("shared, lz4, blocks of 128", PageCodecs.Lz4, 128),
        new("shared, lz4, blocks of 256", PageCodecs.Lz4, 256),
        new("shared, lz4, blocks of 512", PageCodecs.Lz4, 512),
        new("shared, lz4, blocks of 1024", PageCodecs.Lz4, 1024),
        new("shared, lz4, blocks of 2048", PageCodecs.Lz4, 2048),
        new("shared, lz4, blocks of 4096", PageCodecs.Lz4, 4096),
        new("shared, lz4hc, blocks of 64", PageCodecs.Lz4High, 64),
    ];

    public static int Run(string[] args)
    {
        string[] names = [.. args.Where(arg => !arg.StartsWith('-'))];
        if (names.Length < 2)
        {
            Console.Error.WriteLine("stored FIRST.raw NEXT.raw... [--quick] [--encrypted] [--liblz4]: images of one guest, of equal length, each later than the one before");
            return 2;
        }

        PageCodecs.UseLz4(args.Contains("--liblz4") ? NativePageCodec.Open() : PageCodecs.ManagedLz4);
        int rounds = args.Contains("--quick") ? 1 : 5;
        using CheckpointKey? key = args.Contains("--encrypted") ? CheckpointKey.FromBytes(new byte[32]) : null;
        var images = new ImageSeries([.. names.Select(File.ReadAllBytes)]);
        var figures = Ways.ToDictionary(way => way, _ => new List<Figures>());
        List<double> deltas = [];

        // What is compiled when it is first used, and compiled better when it was used much, is not what is measured.
        foreach (Way way in Ways)
        {
            _ = Measure(way, images, key);
        }

        for (int round = 0; round < rounds; round++)
        {
            foreach (Way way in Ways)
            {
                figures[way].Add(Measure(way, images, key));
            }

            if (RunDelta(names) is { } seconds)
            {
                deltas.Add(seconds);
            }
        }

        Print(images, figures, deltas);
        return 0;
    }

    private static Figures Measure(Way way, ImageSeries images, CheckpointKey? key)
    {
        string path = Path.Combine(Environment.CurrentDirectory, "stored.bench.pages");
        File.Delete(path);
        images.Rewind();
        var options = new CheckpointWriterOptions
        {
            Codec = way.Codec,
            Sharing = way.BlockSize is { } size ? new SharingOptions { BlockSize = size } : null,
            Key = key,
        };

        // The writer's own thread is created here, and begins where this one is pinned.
        Pinning.To(1);
        using CheckpointWriter writer = CheckpointWriter.Create(path, options);
        using var capture = new GuestCapture(writer, images, images, images);
        Pinning.To(0);
        Cost full = Capture(capture);
        List<Cost> next = [];
        while (images.Advance())
        {
            next.Add(Capture(capture));
        }

        File.Delete(path);
        return new Figures(full, new Cost(next.Sum(c => c.Bytes), next.Sum(c => c.Processor), next.Sum(c => c.Seconds), next.Sum(c => c.Pause)));
    }

    private static Cost Capture(GuestCapture capture)
    {
        TimeSpan before = ProcessorTime();
        EpochReport report = capture.Capture();
        return new Cost(report.Epoch.Bytes, (ProcessorTime() - before).TotalSeconds, report.Total.TotalSeconds, report.Pause.TotalSeconds);
    }

    /// <summary>Both threads of the writer, and the kernel's part.</summary>
    private static TimeSpan ProcessorTime()
    {
        using var self = Process.GetCurrentProcess();
        return self.TotalProcessorTime;
    }

    /// <summary>How long xdelta3 takes for the differences of all images; null where it is not there.</summary>
    private static double? RunDelta(string[] images)
    {
        string delta = Path.Combine(Environment.CurrentDirectory, "stored.bench.xdelta");
        try
        {
            long start = Stopwatch.GetTimestamp();
            foreach ((string before, string after) in images.Zip(images.Skip(1)))
            {
                using var process = Process.Start("xdelta3", ["-1", "-f", "-e", "-s", before, after, delta]);
                process.WaitForExit();
            }

            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
        finally
        {
            File.Delete(delta);
        }
    }

    private static void Print(ImageSeries images, Dictionary<Way, List<Figures>> figures, List<double> deltas)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        List<Figures> whole = figures[Ways[1]];
        Console.WriteLine(string.Create(culture, $"{images.PageCount} pages, {images.ZeroPages} of them zero; {images.PagesWritten} pages written; {whole.Count} rounds in turns, medians (least to most)"));
        Console.WriteLine("| pages stored | first image, MB | of lz4's | processor, s | later ones, MB | of lz4's | processor, ms | of lz4's | pause, ms |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (Way way in Ways)
        {
            List<Figures> all = figures[way];
            var ratio = Spread.Of(all.Zip(whole, (a, b) => a.Next.Processor / b.Next.Processor));
            Console.WriteLine(string.Create(culture,
                $"| {way.Name} | {all[0].Full.Bytes / 1e6:F1} | {(double)all[0].Full.Bytes / whole[0].Full.Bytes:F3} | {Spread.Of(all.Select(f => f.Full.Processor)).Median:F2} | {all[0].Next.Bytes / 1e6:F2} | {(double)all[0].Next.Bytes / whole[0].Next.Bytes:F3} | {1000 * Spread.Of(all.Select(f => f.Next.Processor)).Median:F0} | {ratio} | {Spread.Of(all.Select(f => 1000 * f.Next.Pause))} |"));
        }

        if (deltas.Count > 0)
        {
            Way best = Ways[2];
            Console.WriteLine(string.Create(culture, $"xdelta3 -1 {Spread.Of(deltas)} s; times as long as the later epochs, {best.Name}: {Spread.Of(deltas.Zip(figures[best], (delta, own) => delta / own.Next.Seconds))}"));
        }
    }

    private sealed record Way(string Name, IPageCodec Codec, int? BlockSize);

    /// <summary>What an epoch takes in the file, and in seconds.</summary>
    private sealed record Cost(long Bytes, double Processor, double Seconds, double Pause);

    private sealed record Figures(Cost Full, Cost Next);
}
