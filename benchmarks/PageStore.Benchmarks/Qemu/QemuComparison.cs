using System.Diagnostics;
using System.Globalization;
using PageStore.Checkpoint;
using PageStore.Cli;
using PageStore.Native;

namespace PageStore.Benchmarks;

/// <summary>
/// A full restore against what QEMU does with <c>-incoming</c>: the same image, once in a checkpoint file and once in a migration file that QEMU wrote itself, into fresh memory of the same kind. Time begins when the
/// processes are there, and ends when all of the memory is; both sides begin by opening the file, or by starting what reads it.
/// </summary>
internal sealed class QemuComparison : IDisposable
{
    private const int Bytes = 1 << 30;

    /// <summary>The image is random in blocks of so many pages, as long as the runs of large allocations are, of which one in ten is zero.</summary>
    private const int BlockPages = 64;

    private const int ZeroEvery = 10;

    /// <summary>How many times as fast as QEMU the restore is to be.</summary>
    private const double Limit = 1.5;

    /// <summary>Which version brought files that are read to their places (docs/devel/migration/mapped-ram.rst there).</summary>
    private const string MappedRam = "9.0";

    private readonly DemoFolder _folder = new();
    private readonly MemoryRegion _image = MakeImage();
    private readonly List<double> _starts = [];

    private string Checkpoint => _folder["guest.pages"];

    private string Migration => _folder["guest.qemu"];

    /// <param name="args"><c>--quick</c>: three rounds.</param>
    /// <returns>0; 1 if the limit is missed, 2 if there is no QEMU.</returns>
    public static int Run(string[] args)
    {
        if (QemuProcess.Version() is not { } version)
        {
            Console.Error.WriteLine("There is no qemu-system-x86_64; Debian has it in the package qemu-system-x86.");
            return 2;
        }

        int rounds = args.Contains("--quick") ? 3 : 7;
        Console.WriteLine($"{DemoHost.Ask()}");
        Console.WriteLine($"{version}; a migration file with memory at fixed places (mapped-ram, from {MappedRam} on) is not compared");
        using var comparison = new QemuComparison();
        return comparison.Compare(rounds) ? 0 : 1;
    }

    public void Dispose()
    {
        _image.Dispose();
        _folder.Dispose();
    }

    private static MemoryRegion MakeImage()
    {
        MemoryRegion image = MemoryRegion.CreateShared(Bytes);
        var random = new Random(1);
        const int block = BlockPages * PageSizes.Default;
        for (int i = 0; i < Bytes / block; i++)
        {
            if (i % ZeroEvery != 0)
            {
                random.NextBytes(image.GetSpan((long)i * block, block));
            }
        }

        return image;
    }

    private bool Compare(int rounds)
    {
        Write();
        Way[] ways =
        [
            .. WaysInto("shared memory", () => MemoryRegion.CreateShared(Bytes), shared: true),
            .. WaysInto("private memory", () => MemoryRegion.CreatePrivate(Bytes, hugePages: true), shared: false),
        ];
        Console.WriteLine($"{rounds} rounds in turn, medians of seconds (least to most); processors {Environment.ProcessorCount}");
        bool good = Compare("cold", ways, rounds, cold: true) & Compare("out of the page cache", ways, rounds, cold: false);
        Console.WriteLine($"a start of QEMU until its monitor takes commands, which counts for nobody: {Spread.Of(_starts)}");
        return good;
    }

    private Way[] WaysInto(string kind, Func<MemoryRegion> fresh, bool shared) =>
    [
        new(kind, "PageStore", Checkpoint, check => Restore(fresh, check)),
        new(kind, "QEMU, exec:cat FILE", Migration, check => Load($"exec:cat {Migration}", shared, check)),
        new(kind, "QEMU, fd: of the file", Migration, check => Load(string.Create(CultureInfo.InvariantCulture, $"fd:{QemuProcess.FileDescriptor}"), shared, check)),
    ];

    /// <summary>Both files. QEMU's machine stands, so its memory is the image and nothing else.</summary>
    private void Write()
    {
        using (CheckpointWriter writer = CheckpointWriter.Create(Checkpoint))
        using (EpochBuilder epoch = writer.BeginEpoch(new EpochOptions()))
        {
            epoch.WritePages(new Pfn(0), _image.GetSpan(0, Bytes));
            epoch.Commit();
        }

        using (QemuProcess qemu = QemuProcess.Start(_folder["qmp"], Bytes, _image, file: null))
        {
            qemu.SaveTo(Migration);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{ByteSize.Format(Bytes)}, of which {100 - (100 / ZeroEvery)} % do not compress: checkpoint {new FileInfo(Checkpoint).Length >> 20} MiB, QEMU's file {new FileInfo(Migration).Length >> 20} MiB"));
    }

    private bool Compare(string title, Way[] ways, int rounds, bool cold)
    {
        var times = ways.ToDictionary(way => way, _ => new List<double>());
        long resident = 0;
        for (int round = -1; round < rounds; round++)
        {
            foreach (Way way in ways)
            {
                Prepare(way.File, cold);
                resident = Math.Max(resident, cold ? PageCache.Resident(way.File) : 0);
                double seconds = way.Run(round < 0);
                if (round >= 0)
                {
                    times[way].Add(seconds);
                }
            }
        }

        Console.WriteLine(cold ? $"{title}; of a file before it was read at most {resident} B were in the page cache" : title);
        bool good = true;
        foreach (IGrouping<string, Way> kind in ways.GroupBy(way => way.Kind))
        {
            double ours = Spread.Of(times[kind.First()]).Median;
            foreach (Way way in kind)
            {
                Spread spread = Spread.Of(times[way]);
                double ratio = spread.Median / ours;
                bool misses = way != kind.First() && ratio < Limit;
                good &= !misses;
                string verdict = way == kind.First() ? string.Empty : string.Create(CultureInfo.InvariantCulture, $"; {ratio:0.00} times as long as PageStore (at least {Limit} wanted{(misses ? ", MISSED" : string.Empty)})");
                Console.WriteLine($"  into {kind.Key,-16}{way.Name,-24}{spread}{verdict}");
            }
        }

        return good;
    }

    private static void Prepare(string file, bool cold)
    {
        if (cold)
        {
            PageCache.Drop(file);
        }
        else
        {
            PageCache.Fill(file);
        }
    }

    private double Restore(Func<MemoryRegion> fresh, bool check)
    {
        long start = Stopwatch.GetTimestamp();
        using CheckpointReader reader = CheckpointFiles.OpenReader(Checkpoint);
        using Epoch epoch = reader.OpenNewest();
        using MemoryRegion memory = fresh();
        EagerLoad.Into(epoch, memory, CancellationToken.None);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Check(check ? memory : null);
        return seconds;
    }

    private double Load(string uri, bool shared, bool check)
    {
        using MemoryRegion? memory = shared ? MemoryRegion.CreateShared(Bytes) : null;
        using QemuProcess qemu = QemuProcess.Start(_folder["qmp"], Bytes, memory, Migration, "-incoming", "defer");
        _starts.Add(qemu.StartSeconds);
        double seconds = qemu.Load(uri);
        Check(check ? memory : null);
        return seconds;
    }

    /// <summary>QEMU's own anonymous memory is nobody else's to look into.</summary>
    private void Check(MemoryRegion? memory)
    {
        if (memory is not null && !memory.GetSpan(0, Bytes).SequenceEqual(_image.GetSpan(0, Bytes)))
        {
            throw new InvalidOperationException("What came back is not the image.");
        }
    }

    private sealed record Way(string Kind, string Name, string File, Func<bool, double> Run);
}
