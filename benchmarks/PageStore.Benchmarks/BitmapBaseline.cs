using System.Runtime.InteropServices;

namespace PageStore.Benchmarks;

/// <summary>The functions of benchmarks/c/bitmaps.c.</summary>
internal static partial class BitmapBaseline
{
    private const string Library = "pagestorebaseline";

    [LibraryImport(Library, EntryPoint = "has_avx512")]
    public static partial int HasAvx512();

    [LibraryImport(Library, EntryPoint = "count_best")]
    public static partial long CountBest(ReadOnlySpan<ulong> a, long words);

    [LibraryImport(Library, EntryPoint = "count_same")]
    public static partial long CountSame(ReadOnlySpan<ulong> a, long words);

    [LibraryImport(Library, EntryPoint = "count_andnot_best")]
    public static partial long CountAndNotBest(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, long words);

    [LibraryImport(Library, EntryPoint = "count_andnot_same")]
    public static partial long CountAndNotSame(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, long words);

    [LibraryImport(Library, EntryPoint = "and_best")]
    public static partial void AndBest(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> destination, long words);

    [LibraryImport(Library, EntryPoint = "flatten_tzcnt")]
    public static partial long FlattenTzcnt(
        ReadOnlySpan<ulong> a, long words, ref long position, long origin, Span<long> destination, long capacity);

    [LibraryImport(Library, EntryPoint = "flatten_same")]
    public static partial long FlattenSame(
        ReadOnlySpan<ulong> a, long words, ref long position, long origin, Span<long> destination, long capacity);
}
