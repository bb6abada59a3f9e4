using System.Runtime.InteropServices;

namespace PageStore.Benchmarks;

/// <summary>The functions of benchmarks/c/harvest.c.</summary>
internal static partial class HarvestBaseline
{
    private const string Library = "pagestorebaseline";

    [LibraryImport(Library, EntryPoint = "harvest_open_pagemap")]
    public static partial int OpenPagemap();

    [LibraryImport(Library, EntryPoint = "harvest_written")]
    public static partial long Written(int pagemap, ref byte range, long bytes, long regions);

    [LibraryImport(Library, EntryPoint = "harvest_accesses")]
    public static partial long Accesses(int pagemap, ref byte range, long bytes, long regions);
}
