using System.Diagnostics;
using System.Globalization;
using PageStore.Native;

namespace PageStore.Benchmarks;

/// <summary>
/// A process with a clone, which it maps, writes and reads when it is told, a line at a time. It is a clone without its machine: what it measures is the kernel's part.
/// </summary>
internal sealed class CloneProcess : IDisposable
{
    /// <summary>The argument by which this program becomes one; the path of the base follows.</summary>
    public const string Role = "clone-process";

    /// <summary>Of 256 MiB, 10 MiB are written, half of the working set of the guest of the demo, in pages that lie anywhere, some of them twice.</summary>
    private const int WrittenPercent = 4;

    private readonly Process _process;

    /// <summary>Starts one, and waits until it listens.</summary>
    public CloneProcess(string path)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(CloneProcess).Assembly.Location);
        }

        // Compiled at once as well as it gets: in tiers the process that was asked more often would be the faster one.
        start.Environment["DOTNET_TieredCompilation"] = "0";
        start.ArgumentList.Add(Role);
        start.ArgumentList.Add(path);
        _process = Process.Start(start)!;
        Ask(string.Empty);
    }

    /// <summary>Has it let go of its clone, if it has one.</summary>
    public void Drop() => Ask("drop");

    /// <summary>Has it make its clone, in the place of one that it may have; it has made one and thrown it away just before, so that what is compiled for the first time, and caches, are not measured.</summary>
    /// <returns>In how many milliseconds, as it sees it: until it has read and written a page of it.</returns>
    public double Map() => double.Parse(Ask("map"), CultureInfo.InvariantCulture);

    /// <summary>Has it write pages, which a number draws, and read as many.</summary>
    /// <returns>How many bytes are its own then.</returns>
    public long Write(int number) => long.Parse(Ask(string.Create(CultureInfo.InvariantCulture, $"write {number}")), CultureInfo.InvariantCulture);

    /// <summary>What its memory takes in the kernel's account.</summary>
    public long Measure() => long.Parse(Ask("measure"), CultureInfo.InvariantCulture);

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>The process.</summary>
    public static int Run(string path)
    {
        using CloneBase source = CloneBase.Open(path);
        MemoryClone? clone = null;
        Console.WriteLine();
        while (Console.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            Console.WriteLine(words[0] switch
            {
                "drop" => Drop(ref clone),
                "map" => MapClone(source, ref clone).ToString(CultureInfo.InvariantCulture),
                "write" => WriteAndRead(clone!, int.Parse(words[1], CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture),
                _ => clone!.MeasureUsage().ProportionalBytes.ToString(CultureInfo.InvariantCulture),
            });
        }

        clone?.Dispose();
        return 0;
    }

    private static string Drop(ref MemoryClone? clone)
    {
        clone?.Dispose();
        clone = null;
        return string.Empty;
    }

    private static double MapClone(CloneBase source, ref MemoryClone? clone)
    {
        clone?.Dispose();
        using (MemoryClone rehearsal = source.MapClone())
        {
            Touch(rehearsal.Memory);
        }

        long start = Stopwatch.GetTimestamp();
        clone = source.MapClone();
        Touch(clone.Memory);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static void Touch(MemoryRegion memory) => memory.GetPage(new Pfn(memory.PageCount / 2))[0]++;

    private static long WriteAndRead(MemoryClone clone, int number)
    {
        var random = new Random(number);
        long pages = clone.Memory.PageCount * WrittenPercent / 100;
        for (long i = 0; i < pages; i++)
        {
            clone.Memory.GetPage(new Pfn(random.NextInt64(clone.Memory.PageCount)))[0]++;
        }

        for (long i = 0; i < pages; i++)
        {
            Volatile.Read(ref clone.Memory.GetPage(new Pfn(random.NextInt64(clone.Memory.PageCount)))[0]);
        }

        using var own = new PageBitmap(clone.Memory.PageCount);
        clone.GetOwnPages(own);
        return own.Count() * clone.Memory.PageSize;
    }

    private string Ask(string what)
    {
        if (what.Length > 0)
        {
            _process.StandardInput.WriteLine(what);
            _process.StandardInput.Flush();
        }

        return _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"A process with a clone ended with {_process.ExitCode}.");
    }
}
