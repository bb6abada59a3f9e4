using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using PageStore.Checkpoint;

namespace PageStore.Benchmarks;

/// <summary>
/// The import of a libxc stream, uncompressed, against <c>dd conv=fdatasync</c> of the same stream to the same disk, in turns. The stream has
/// only pages that have to be stored, so that neither writes less than the other; both find it in the page cache.
/// </summary>
internal static class ImportComparison
{
    /// <summary>A record of the pages; Xen's writer puts as many into one.</summary>
    private const int BatchPages = 1024;

    /// <summary>Of 1700 MiB of the mix, 65 % are not zero: more than a GiB.</summary>
    private const int FullMebibytes = 1700;

    private const int QuickMebibytes = 256;

    public static int Run(string[] args)
    {
        bool quick = args.Contains("--quick");
        int rounds = quick ? 3 : 9;
        string stream = Path.Combine(Environment.CurrentDirectory, "import.bench.libxc");
        string target = Path.Combine(Environment.CurrentDirectory, "import.bench.pages");
        try
        {
            WriteStream(stream, new GuestMix(1).Make(quick ? QuickMebibytes : FullMebibytes));
            long bytes = new FileInfo(stream).Length;

            // Each once, before it counts: the stream comes into the cache, and the import's code is compiled.
            Copy(stream, target);
            Import(stream, target);
            List<double> copies = [], imports = [];
            for (int round = 0; round < rounds; round++)
            {
                copies.Add(Copy(stream, target));
                imports.Add(Import(stream, target));
            }

            Print(bytes, copies, imports);
            return 0;
        }
        finally
        {
            File.Delete(stream);
            File.Delete(target);
        }
    }

    private static void Print(long bytes, List<double> copies, List<double> imports)
    {
        var ratios = copies.Zip(imports, (copy, import) => copy / import).Order().ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            a stream of {bytes >> 20} MiB, all of it pages to be stored, {copies.Count} rounds in turns
            dd bs=1M conv=fdatasync   median {Median(copies):F3} s  ({bytes / Median(copies) / 1e9:F2} GB/s)  min {copies.Min():F3}  max {copies.Max():F3}
            import, committed         median {Median(imports):F3} s  ({bytes / Median(imports) / 1e9:F2} GB/s)  min {imports.Min():F3}  max {imports.Max():F3}
            throughput, import / dd   median {ratios[ratios.Count / 2]:F3}  min {ratios[0]:F3}  max {ratios[^1]:F3}
            """));
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static double Copy(string stream, string target)
    {
        File.Delete(target);
        long start = Stopwatch.GetTimestamp();
        using var dd = Process.Start(new ProcessStartInfo("dd", [$"if={stream}", $"of={target}", "bs=1M", "conv=fdatasync", "status=none"]))!;
        dd.WaitForExit();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return dd.ExitCode == 0 ? seconds : throw new InvalidOperationException($"dd ended with {dd.ExitCode}.");
    }

    private static double Import(string stream, string target)
    {
        File.Delete(target);
        long start = Stopwatch.GetTimestamp();
        using (var image = new FileStream(stream, new FileStreamOptions { BufferSize = 0, Options = FileOptions.SequentialScan }))
        {
            ImageImporter.ImportAsync(image, target).GetAwaiter().GetResult();
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>A version 3 stream of an HVM guest: docs/specs/libxc-migration-stream of Xen.</summary>
    private static void WriteStream(string path, byte[] image)
    {
        using FileStream file = File.Create(path);
        byte[] header = new byte[40];
        header.AsSpan(0, 8).Fill(0xFF);
        "XENF"u8.CopyTo(header.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(12), 3);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(24), 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(28), 12);
        file.Write(header);
        WriteRecordHead(file, 0x10, 0);
        foreach (int[] batch in DataPages(image).Chunk(BatchPages))
        {
            WritePages(file, image, batch);
        }

        WriteRecordHead(file, 0, 0);
    }

    private static IEnumerable<int> DataPages(byte[] image) => Enumerable.Range(0, image.Length / PageSizes.Default)
        .Where(pfn => PageClassifier.Classify(image.AsSpan(pfn * PageSizes.Default, PageSizes.Default), out _) == PageClass.Data);

    private static void WritePages(FileStream file, byte[] image, int[] batch)
    {
        WriteRecordHead(file, 1, 8 + (batch.Length * (8 + PageSizes.Default)));
        byte[] entries = new byte[8 + (8 * batch.Length)];
        BinaryPrimitives.WriteInt32LittleEndian(entries, batch.Length);
        for (int i = 0; i < batch.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(entries.AsSpan(8 + (8 * i)), batch[i]);
        }

        file.Write(entries);
        foreach (int pfn in batch)
        {
            file.Write(image, pfn * PageSizes.Default, PageSizes.Default);
        }
    }

    private static void WriteRecordHead(FileStream file, int type, int length)
    {
        Span<byte> head = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(head, type);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], length);
        file.Write(head);
    }
}
