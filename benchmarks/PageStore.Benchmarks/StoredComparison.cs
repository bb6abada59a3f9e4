using System.Diagnostics;
using System.Globalization;
using PageStore.Checkpoint;

namespace PageStore.Benchmarks;

/// <summary>
/// What each way of storing pages takes, of one image of a guest and of a second one that is written against it: bytes in the file, processor time, and the block size at which pages are
/// compared. The second image comes as a capture has it: which pages were written is known. In turns, on one thread; where xdelta3 is there, it makes its difference beside that.
/// </summary>
internal static class StoredComparison
{
    private const int PageSize = 4096;

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
        string[] images = [.. args.Where(arg => !arg.StartsWith('-'))];
        if (images.Length != 2)
        {
            Console.Error.WriteLine("stored FIRST.raw SECOND.raw [--quick] [--encrypted]: two images of one guest, of equal length");
            return 2;
        }

        int rounds = args.Contains("--quick") ? 1 : 5;
        using CheckpointKey? key = args.Contains("--encrypted") ? CheckpointKey.FromBytes(new byte[32]) : null;
        byte[] first = File.ReadAllBytes(images[0]);
        byte[] second = File.ReadAllBytes(images[1]);
        int[] written = [.. Enumerable.Range(0, first.Length / PageSize).Where(pfn => !PageOf(first, pfn).SequenceEqual(PageOf(second, pfn)))];
        Pinning.To(0);
        var figures = Ways.ToDictionary(way => way, _ => new List<Figures>());
        List<double> deltas = [];
        for (int round = 0; round < rounds; round++)
        {
            foreach (Way way in Ways)
            {
                figures[way].Add(Measure(way, first, second, written, key));
            }

            if (RunDelta(images) is { } seconds)
            {
                deltas.Add(seconds);
            }
        }

        Print(first, written, figures, deltas);
        return 0;
    }

    private static Figures Measure(Way way, byte[] first, byte[] second, int[] written, CheckpointKey? key)
    {
        string path = Path.Combine(Environment.CurrentDirectory, "stored.bench.pages");
        File.Delete(path);
        var options = new CheckpointWriterOptions
        {
            Codec = way.Codec,
            Sharing = way.BlockSize is { } size ? new SharingOptions { BlockSize = size } : null,
            Key = key,
        };
        using CheckpointWriter writer = CheckpointWriter.Create(path, options);
        (long fullBytes, TimeSpan fullTime, _) = Write(writer, null, first, [.. Enumerable.Range(0, first.Length / PageSize)]);
        (long bytes, TimeSpan time, double seconds) = Write(writer, new EpochId(1), second, written);
        File.Delete(path);
        return new Figures(fullBytes, fullTime.TotalSeconds, bytes, time.TotalSeconds, seconds);
    }

    private static (long Bytes, TimeSpan Processor, double Seconds) Write(CheckpointWriter writer, EpochId? parent, byte[] image, int[] pages)
    {
        TimeSpan before = ProcessorTime();
        long start = Stopwatch.GetTimestamp();
        using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = parent });
        foreach (int pfn in pages)
        {
            builder.WritePages(new Pfn(pfn), PageOf(image, pfn));
        }

        EpochInfo info = builder.Commit();
        return (info.Bytes, ProcessorTime() - before, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>Both threads of the writer, and the kernel's part.</summary>
    private static TimeSpan ProcessorTime()
    {
        using var self = Process.GetCurrentProcess();
        return self.TotalProcessorTime;
    }

    private static ReadOnlySpan<byte> PageOf(byte[] image, int pfn) => image.AsSpan(pfn * PageSize, PageSize);

    /// <summary>How long xdelta3 takes; null where it is not there.</summary>
    private static double? RunDelta(string[] images)
    {
        string delta = Path.Combine(Environment.CurrentDirectory, "stored.bench.xdelta");
        try
        {
            long start = Stopwatch.GetTimestamp();
            using var process = Process.Start("xdelta3", ["-1", "-f", "-e", "-s", images[0], images[1], delta]);
            process.WaitForExit();
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

    private static void Print(byte[] first, int[] written, Dictionary<Way, List<Figures>> figures, List<double> deltas)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        int zero = Enumerable.Range(0, first.Length / PageSize).Count(pfn => !PageOf(first, pfn).ContainsAnyExcept((byte)0));
        List<Figures> whole = figures[Ways[1]];
        Console.WriteLine(string.Create(culture, $"{first.Length >> 20} MiB, {zero} of {first.Length / PageSize} pages zero; {written.Length} pages written; {whole.Count} rounds in turns, medians (least to most)"));
        Console.WriteLine("| pages stored | first image, MB | of lz4's | processor, s | second, MB | of lz4's | processor, ms | of lz4's |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (Way way in Ways)
        {
            List<Figures> all = figures[way];
            var ratio = Spread.Of(all.Zip(whole, (a, b) => a.Time / b.Time));
            Console.WriteLine(string.Create(culture,
                $"| {way.Name} | {all[0].FullBytes / 1e6:F1} | {(double)all[0].FullBytes / whole[0].FullBytes:F3} | {Spread.Of(all.Select(f => f.FullTime)).Median:F2} | {all[0].Bytes / 1e6:F2} | {(double)all[0].Bytes / whole[0].Bytes:F3} | {1000 * Spread.Of(all.Select(f => f.Time)).Median:F0} | {ratio} |"));
        }

        if (deltas.Count > 0)
        {
            Way best = Ways[2];
            Console.WriteLine(string.Create(culture, $"xdelta3 -1 {Spread.Of(deltas)} s; times as long as the second epoch, shared, lz4, blocks of 64: {Spread.Of(deltas.Zip(figures[best], (delta, own) => delta / own.Seconds))}"));
        }
    }

    private sealed record Way(string Name, IPageCodec Codec, int? BlockSize);

    private sealed record Figures(long FullBytes, double FullTime, long Bytes, double Time, double Seconds);
}
