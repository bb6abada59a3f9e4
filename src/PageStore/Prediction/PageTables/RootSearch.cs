using System.Runtime.InteropServices;

namespace PageStore;

/// <summary>
/// Finds the roots of page tables by their look. A kernel maps itself into each address space by the same upper half of the root, so roots come in families whose last entry is the
/// same and leads to a table.
/// </summary>
internal static class RootSearch
{
    /// <summary>One megabyte at a time: large enough for a stored run, small enough for the cache.</summary>
    private const int BatchPages = 256;

    /// <summary>One page alone may look like a root by chance, or be the copy of one.</summary>
    private const int MinFamily = 2;

    /// <summary>The largest family, or none. Pages that are zero are added to <paramref name="zero"/>.</summary>
    public static IReadOnlyList<long> Run(IGuestMemory memory, PageBitmap zero, CancellationToken cancellation)
    {
        byte[] bytes = new byte[BatchPages * PageSizes.Default];
        var types = new GuestPageType[BatchPages];
        var families = new Dictionary<ulong, List<long>>();
        for (long first = 0; first < memory.PageCount; first += BatchPages)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(BatchPages, memory.PageCount - first);
            memory.CopyPages(new Pfn(first), bytes.AsSpan(0, count * PageSizes.Default), types.AsSpan(0, count));
            for (int page = 0; page < count; page++)
            {
                if (GuestPageTypes.HasData(types[page]))
                {
                    Look(first + page, bytes.AsSpan(page * PageSizes.Default, PageSizes.Default), memory.PageCount, families, zero);
                }
            }
        }

        List<long>? largest = families.Values.MaxBy(family => family.Count);
        return largest is not null && largest.Count >= MinFamily ? largest : [];
    }

    private static void Look(long page, ReadOnlySpan<byte> content, long pageCount, Dictionary<ulong, List<long>> families, PageBitmap zero)
    {
        ReadOnlySpan<ulong> entries = MemoryMarshal.Cast<byte, ulong>(content);
        ulong last = entries[^1];
        if (last == 0 && !entries.ContainsAnyExcept(0UL))
        {
            zero.Set(new Pfn(page));
        }
        else if (LooksLikeRoot(entries, pageCount))
        {
            ref List<long>? family = ref CollectionsMarshal.GetValueRefOrAddDefault(families, last, out _);
            (family ??= []).Add(page);
        }
    }

    private static bool LooksLikeRoot(ReadOnlySpan<ulong> entries, long pageCount)
    {
        if (!IsTable(entries[^1], pageCount))
        {
            return false;
        }

        // An entry above leads to a table of its own: one word all over is no root.
        ReadOnlySpan<ulong> upper = entries[(X86Entry.PerTable / 2)..^1];
        foreach (ulong entry in upper)
        {
            if (entry != 0 && (!new X86Entry(entry).IsPresent || new X86Entry(entry).IsLarge || entry == entries[^1]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsTable(ulong value, long pageCount)
    {
        var entry = new X86Entry(value);
        return entry.LeadsToTable && entry.Page < pageCount;
    }
}
