using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Benchmarks;

/// <summary>
/// Reads every page of a checkpoint of incompressible pages that is in the page cache, through the mapping, through the mapping under the
/// guard, and by position; and the same for the copy alone, of which the rest of a read takes no notice.
/// </summary>
internal static class ReadComparison
{
    private const int PageSize = 4096;

    /// <summary>Pages at a time in the rows of large reads: 256 KiB.</summary>
    private const int Many = 64;

    /// <param name="args"><c>--quick</c>: a quarter of the memory, fewer rounds.</param>
    public static int Run(string[] args)
    {
        bool quick = args.Contains("--quick");
        int pages = (quick ? 256 << 20 : 1 << 30) / PageSize;
        string path = Path.Combine(Environment.CurrentDirectory, "reads.bench.pages");
        try
        {
            Write(path, pages);
            Compare(path, pages, quick ? 5 : 15);
        }
        finally
        {
            File.Delete(path);
        }

        return 0;
    }

    private static void Write(string path, int pages)
    {
        File.Delete(path);
        byte[] content = new byte[Many * PageSize];
        var random = new Random(1);
        using CheckpointWriter writer = CheckpointWriter.Create(path);
        using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { PageCount = pages });
        for (int pfn = 0; pfn < pages; pfn += Many)
        {
            random.NextBytes(content);
            epoch.WritePages(new Pfn(pfn), content);
        }

        epoch.Commit();
    }

    private static void Compare(string path, int pages, int rounds)
    {
        GuardedCopy guard = GuardedCopy.Install();
        Copies(path, pages, rounds, guard);
        using CheckpointReader mapped = CheckpointReader.Open(path, new CheckpointReaderOptions { ReadMode = ReadMode.Mapped });
        using CheckpointReader guarded = CheckpointReader.Open(path, new CheckpointReaderOptions { Guard = guard });
        using CheckpointReader positional = CheckpointReader.Open(path, new CheckpointReaderOptions { ReadMode = ReadMode.Positional });
        (Epoch plain, Epoch safe, Epoch slow) = (mapped.OpenNewest(), guarded.OpenNewest(), positional.OpenNewest());
        byte[] content = new byte[Many * PageSize];
        foreach (int step in (int[])[1, Many])
        {
            new Contest($"Epoch.ReadPages, {step} at a time, {pages} pages", rounds, pages)
                .Add("mapped", () => ReadAll(plain, content, step))
                .Add("mapped, guarded", () => ReadAll(safe, content, step))
                .Add("positional", () => ReadAll(slow, content, step))
                .Run();
        }
    }

    /// <summary>The first pages of the file itself, as many as the guest has.</summary>
    private static void Copies(string path, int pages, int rounds, GuardedCopy guard)
    {
        byte[] page = new byte[PageSize];
        using SafeFileHandle file = File.OpenHandle(path);
        using var mapping = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        using MemoryMappedViewAccessor view = mapping.CreateViewAccessor(0, (long)pages * PageSize, MemoryMappedFileAccess.Read);
        nint address = view.SafeMemoryMappedViewHandle.DangerousGetHandle();
        new Contest($"The copy alone, {pages} pages", rounds, pages)
            .Add("mapped", () => CopyAll(pages, page, offset => SpanAt(address + (nint)offset).CopyTo(page)))
            .Add("mapped, guarded", () => CopyAll(pages, page, offset => guard.TryCopy(address + (nint)offset, page)))
            .Add("positional", () => CopyAll(pages, page, offset => RandomAccess.Read(file, page, offset)))
            .Run();
    }

    private static ReadOnlySpan<byte> SpanAt(nint address) =>
        MemoryMarshal.CreateReadOnlySpan(ref Unsafe.AddByteOffset(ref Unsafe.NullRef<byte>(), address), PageSize);

    private static long CopyAll(int pages, byte[] page, Action<long> copy)
    {
        long sum = 0;
        for (int i = 0; i < pages; i++)
        {
            copy((long)i * PageSize);
            sum += MemoryMarshal.Read<long>(page);
        }

        return sum;
    }

    private static long ReadAll(Epoch epoch, byte[] content, int step)
    {
        long sum = 0;
        for (long pfn = 0; pfn < epoch.PageCount; pfn += step)
        {
            epoch.ReadPages(new Pfn(pfn), content.AsSpan(0, step * PageSize));
            sum += MemoryMarshal.Read<long>(content);
        }

        return sum;
    }
}
