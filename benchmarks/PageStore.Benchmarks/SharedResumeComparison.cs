using System.Globalization;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Benchmarks;

/// <summary>
/// What a guest waits for whose file shares and patches pages, against one whose pages are all whole and raw: the time until the pages of a plan are in its memory, out of the epoch's pack, and out of a file of
/// which the page cache holds nothing; then the same with the file in the page cache. In turns, on memory that is missing. Needs root, and a file system on a disk.
/// </summary>
internal static class SharedResumeComparison
{
    /// <summary>Of the runs of pages, one of so many is in the plan as far as it holds something, beside all pages that were written last.</summary>
    private const int PlanEvery = 8;

    private const int RunPages = 4;

    public static int Run(string[] args)
    {
        string[] names = [.. args.Where(arg => !arg.StartsWith('-'))];
        if (names.Length != 2)
        {
            Console.Error.WriteLine("sharedresume FIRST.raw SECOND.raw [--quick]: images of one guest, of equal length");
            return 2;
        }

        var images = new ImageSeries([.. names.Select(File.ReadAllBytes)]);
        (string Name, string Path, CheckpointWriterOptions Options)[] files =
        [
            ("raw", "resume.raw.bench.pages", new CheckpointWriterOptions()),
            ("lz4", "resume.lz4.bench.pages", new CheckpointWriterOptions { Codec = PageCodecs.Lz4 }),
            ("shared, patched", "resume.shared.bench.pages", new CheckpointWriterOptions { Codec = PageCodecs.Lz4, Sharing = new SharingOptions() }),
        ];
        try
        {
            foreach ((string name, string path, CheckpointWriterOptions options) in files)
            {
                Console.WriteLine($"{name}: {Write(path, options, images)}");
            }

            int rounds = args.Contains("--quick") ? 3 : 11;
            Compare(files, rounds, cold: true);
            Compare(files, rounds, cold: false);
        }
        finally
        {
            Array.ForEach(files, file => File.Delete(file.Path));
        }

        return 0;
    }

    private static string Write(string path, CheckpointWriterOptions options, ImageSeries images)
    {
        File.Delete(path);
        images.Rewind();
        using CheckpointWriter writer = CheckpointWriter.Create(path, options);
        using var capture = new GuestCapture(writer, images, images, images);
        capture.Capture();
        images.Advance();
        EpochInfo newest = capture.Capture().Epoch;
        Pfn[] plan = Plan(images);
        EpochInfo packed = writer.WritePack(new ResumePlan(newest.Id, plan, newest.PagesConfigured));
        return string.Create(CultureInfo.InvariantCulture, $"{new FileInfo(path).Length / 1e6:F1} MB, {plan.Length} pages of {newest.PagesConfigured} in a pack of {packed.Pack!.Value.Bytes / 1e6:F1} MB");
    }

    private static Pfn[] Plan(ImageSeries images)
    {
        var plan = new List<Pfn>();
        for (int pfn = 0; pfn < images.PageCount; pfn++)
        {
            if (images.WasWrittenLast(new Pfn(pfn)) || (pfn / RunPages % PlanEvery == 0 && !images.IsZero(new Pfn(pfn))))
            {
                plan.Add(new Pfn(pfn));
            }
        }

        return [.. plan];
    }

    private static void Compare((string Name, string Path, CheckpointWriterOptions Options)[] files, int rounds, bool cold)
    {
        var times = files.ToDictionary(file => file.Name, _ => new List<double>());
        for (int round = -1; round < rounds; round++)
        {
            foreach ((string name, string path, _) in files)
            {
                double time = Resume(path, cold);
                if (round >= 0)
                {
                    times[name].Add(time);
                }
            }
        }

        foreach ((string name, _, _) in files)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(cold ? "cold" : "warm")}, {name}: ready after {Spread.Of(times[name])} ms, {Spread.Of(times[name].Zip(times[files[0].Name], (own, raw) => own / raw))} times raw"));
        }
    }

    private static double Resume(string path, bool cold)
    {
        if (cold)
        {
            PageCache.Drop(path);
        }

        using CheckpointReader reader = CheckpointReader.Open(path, new CheckpointReaderOptions { Guard = GuardedCopy.Install() });
        using Epoch epoch = reader.OpenNewest();
        using MemoryRegion memory = MemoryRegion.CreatePrivate(epoch.PageCount * PageSizes.Default);
        using UserFaultMemory missing = UserFaultMemory.Register(memory);
        using var resume = new LazyResume(epoch, missing, null, new LazyResumeOptions { BackgroundRate = null });
        return resume.Run(CancellationToken.None).TimeToReady!.Value.TotalMilliseconds;
    }
}
