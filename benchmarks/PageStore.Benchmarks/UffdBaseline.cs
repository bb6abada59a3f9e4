using System.Runtime.InteropServices;

namespace PageStore.Benchmarks;

/// <summary>The functions of benchmarks/c/uffd.c.</summary>
internal static partial class UffdBaseline
{
    private const string Library = "pagestorebaseline";

    [LibraryImport(Library, EntryPoint = "uffd_prefill")]
    public static partial long Prefill(ref byte address, ref byte source, long bytes, long batch);

    [LibraryImport(Library, EntryPoint = "uffd_serve")]
    public static partial int Serve(ref byte address, ref byte source, long bytes, int processor);

    [LibraryImport(Library, EntryPoint = "uffd_end")]
    public static partial void End();

    [LibraryImport(Library, EntryPoint = "uffd_touch")]
    public static partial long Touch(ref byte address, ReadOnlySpan<long> pages, long count, Span<long> nanoseconds);
}
