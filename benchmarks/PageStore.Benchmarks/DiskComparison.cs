using System.Diagnostics;
using System.Globalization;
using PageStore.Checkpoint;

namespace PageStore.Benchmarks;

/// <summary>
/// The import of a qcow2 image through <c>qemu-nbd</c> against <c>qemu-img convert</c> of the same image to a raw file on the same disk, both synced, in turns; and of what changed in 5 % of it: by its dirty
/// bitmap, and by comparison. Needs qemu-utils.
/// </summary>
internal static class DiskComparison
{
    private const int FullMebibytes = 1024;
    private const int QuickMebibytes = 128;
    private const int ClusterBytes = 65536;
    private const string Bitmap = "b";

    private static readonly string Folder = Path.Combine(Environment.CurrentDirectory, "disk.bench");

    private static string Image => Path.Combine(Folder, "disk.qcow2");

    private static string Raw => Path.Combine(Folder, "disk.raw");

    private static string Pages => Path.Combine(Folder, "disk.pages");

    public static int Run(string[] args)
    {
        bool quick = args.Contains("--quick");
        int mebibytes = quick ? QuickMebibytes : FullMebibytes;
        var options = new CheckpointWriterOptions { PageSize = args.Contains("--64k") ? PageSizes.Max : PageSizes.Default };
        if (args.Contains("--auto"))
        {
            options = options with { Codec = PageCodecs.Lz4High, Sharing = new SharingOptions() };
        }

        Directory.CreateDirectory(Folder);
        try
        {
            // The image is in the cache when it has been made. The first round also compiles the code; of five, it is not the median.
            Make(mebibytes);
            List<Figures> rounds = [];
            for (int round = 1; round <= (quick ? 3 : 5); round++)
            {
                rounds.Add(Round(mebibytes, options, round));
                Console.Error.WriteLine(rounds[^1]);
            }

            Print(mebibytes, rounds);
            return 0;
        }
        finally
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private static void Make(int mebibytes)
    {
        string source = Path.Combine(Folder, "source.raw");
        File.WriteAllBytes(source, new GuestMix(1).Make(mebibytes));
        Tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", source, Image);
        File.Delete(source);
        Tool("qemu-img", "bitmap", "--add", Image, Bitmap);
    }

    private static Figures Round(int mebibytes, CheckpointWriterOptions options, int seed)
    {
        File.Delete(Pages);
        double convert = Convert();
        (double whole, DiskImportReport first) = Import(options);
        Tool("qemu-img", "bitmap", "--clear", Image, Bitmap);
        Change(mebibytes, new Random(seed));
        double convertAgain = Convert();
        (double changed, DiskImportReport second) = Import(options);
        if (second.Bitmap is null)
        {
            throw new InvalidOperationException($"The bitmap was not used: {second.WhyWhole}.");
        }

        (double compared, _) = Import(options, withBitmap: false);
        return new Figures(convert, whole, first.BytesWritten, convertAgain, changed, second.PagesRead * second.PageSize, second.BytesWritten, compared);
    }

    /// <summary>Writes 5 % of the clusters over, all over the image, with bytes that do not pack.</summary>
    private static void Change(int mebibytes, Random random)
    {
        int clusters = (mebibytes << 20) / ClusterBytes;
        string content = Path.Combine(Folder, "content");
        byte[] bytes = new byte[ClusterBytes];
        random.NextBytes(bytes);
        File.WriteAllBytes(content, bytes);
        IEnumerable<string> writes = Enumerable.Range(0, clusters / 20).SelectMany(_ => (string[])["-c", $"write -q -s {content} {(long)random.Next(clusters) * ClusterBytes} {ClusterBytes}"]);
        Tool("qemu-io", [.. writes, Image]);
    }

    private static double Convert()
    {
        File.Delete(Raw);
        long start = Stopwatch.GetTimestamp();
        Tool("qemu-img", "convert", "-O", "raw", Image, Raw);
        Tool("sync", Raw);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static (double Seconds, DiskImportReport Report) Import(CheckpointWriterOptions options, bool withBitmap = true)
    {
        string socket = Path.Combine(Folder, "nbd");
        string[] bitmap = withBitmap ? [$"--bitmap={Bitmap}"] : [];
        long start = Stopwatch.GetTimestamp();

        // It is back when it listens, and ends with its client.
        Tool("qemu-nbd", ["--read-only", "--fork", $"--socket={socket}", "--export-name=disk", .. bitmap, Image]);
        DiskImportReport report = ImportAsync(NbdUri.Parse($"nbd+unix:///disk?socket={socket}"), options, withBitmap).GetAwaiter().GetResult();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        while (File.Exists(socket))
        {
            // Until it has let go of the image.
            Thread.Sleep(1);
        }

        return (seconds, report);
    }

    private static async Task<DiskImportReport> ImportAsync(NbdUri uri, CheckpointWriterOptions options, bool withBitmap)
    {
        await using NbdDisk disk = await NbdDisk.OpenAsync(uri, new NbdOptions { Bitmap = withBitmap ? Bitmap : null });
        return await DiskImporter.ImportAsync(disk, Pages, options);
    }

    private static void Tool(string name, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{name} ended with {process.ExitCode}.");
        }
    }

    private static void Print(int mebibytes, List<Figures> rounds)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            a qcow2 of {mebibytes} MiB, {rounds.Count} rounds in turns; median (min to max)
            qemu-img convert to raw, sync       {Seconds(rounds, round => round.Convert)}
            import, committed                   {Seconds(rounds, round => round.Whole)}  {rounds[0].WholeBytes >> 20} MiB added
            convert / import                    {Ratio(rounds, round => round.Convert / round.Whole)}
            5 % of the clusters written over
            qemu-img convert to raw, sync       {Seconds(rounds, round => round.ConvertAgain)}
            import by the bitmap                {Seconds(rounds, round => round.Changed)}  {rounds[0].ReadBytes >> 20} MiB read, {rounds[0].ChangedBytes >> 20} MiB added
            convert / import                    {Ratio(rounds, round => round.ConvertAgain / round.Changed)}
            import by comparison, nothing new   {Seconds(rounds, round => round.Compared)}
            """));
    }

    private static string Seconds(List<Figures> rounds, Func<Figures, double> of) => Spread.Of(rounds.Select(of)) + " s";

    private static string Ratio(List<Figures> rounds, Func<Figures, double> of) => Spread.Of(rounds.Select(of)).ToString();

    private sealed record Figures(double Convert, double Whole, long WholeBytes, double ConvertAgain, double Changed, long ReadBytes, long ChangedBytes, double Compared);
}
