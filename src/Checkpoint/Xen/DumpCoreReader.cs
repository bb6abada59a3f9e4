using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>
/// Reads a file of <c>xl dump-core</c>, whose pages may stand in any order: which page is which says a table behind them, so that the file has to be one
/// that can be sought in. It holds 256 pages in memory, and the sections besides pages within the limit for those. The
/// format: docs/misc/dump-core-format.txt and tools/libs/guest/xg_core.c of Xen.
/// </summary>
internal sealed class DumpCoreReader
{
    /// <summary>How many pages are delivered at once, as <see cref="IPageSink.OnPages"/> promises.</summary>
    private const int Batch = 256;

    /// <summary>A frame number of .xen_pfn, or a pair of .xen_p2m of which the first is that.</summary>
    private const int PfnSize = 8;
    private const int PairSize = 16;

    /// <summary>XC_CORE_INVALID_PFN: a page that was given back while the guest was dumped; zeros stand in its place.</summary>
    private const ulong NoPfn = ulong.MaxValue;

    private readonly DumpCoreInput _input;
    private readonly IXenStreamSink _sink;
    private readonly long _maxPageCount;
    private readonly SectionBudget _budget;
    private readonly CancellationToken _cancellation;
    private readonly byte[] _entries = new byte[Batch * PairSize];
    private readonly byte[] _pages = GC.AllocateUninitializedArray<byte>(Batch * PageSizes.Default);
    private readonly Pfn[] _pfns = new Pfn[Batch];
    private readonly GuestPageType[] _types = new GuestPageType[Batch];

    private DumpCoreReader(DumpCoreInput input, IXenStreamSink sink, XenStreamOptions options, CancellationToken cancellation)
    {
        options.Validate();
        (_input, _sink, _cancellation) = (input, sink, cancellation);
        _maxPageCount = options.MaxPageCount;
        _budget = new SectionBudget(options.MaxSectionBytes);
    }

    /// <summary>Reads a dump.</summary>
    /// <param name="input">The file.</param>
    /// <param name="sink">Takes pages, all of them ordinary ones, and sections. What it was given is to be thrown away when this throws.</param>
    /// <param name="options">The limits.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="CorruptDataException">The file is truncated or breaks a rule of its format.</exception>
    /// <exception cref="UnsupportedException">It is an ELF core of another kind, or beyond the limits.</exception>
    public static ValueTask ReadAsync(DumpCoreInput input, IXenStreamSink sink, XenStreamOptions options, CancellationToken cancellation) =>
        new DumpCoreReader(input, sink, options, cancellation).ReadAsync();

    private async ValueTask ReadAsync()
    {
        DumpCoreLayout layout = await DumpCoreLayout.ReadAsync(_input, _cancellation).ConfigureAwait(false);
        DumpCoreLayout.Part notes = layout.Get(".note.Xen");
        long count = DumpCoreNotes.Read(await DeliverAsync(notes, DumpCoreSections.Notes).ConfigureAwait(false), notes.Place).PageCount;
        await DeliverAsync(layout.Get(".xen_prstatus"), DumpCoreSections.Processors).ConfigureAwait(false);
        await DeliverAsync(layout.Find(".xen_shared_info"), DumpCoreSections.SharedInfo).ConfigureAwait(false);
        DumpCoreLayout.Part pages = layout.Get(".xen_pages");
        Expect(pages, count, PageSizes.Default);
        if (layout.Find(".xen_pfn") is { } pfns)
        {
            Expect(pfns, count, PfnSize);
            await ReadPagesAsync(pages, pfns, PfnSize, count).ConfigureAwait(false);
            return;
        }

        DumpCoreLayout.Part pairs = layout.Get(".xen_p2m");
        Expect(pairs, count, PairSize);
        await DeliverAsync(pairs, DumpCoreSections.P2m).ConfigureAwait(false);
        await ReadPagesAsync(pages, pairs, PairSize, count).ConfigureAwait(false);
    }

    /// <summary>Hands a section on, and returns it; nothing where there is none.</summary>
    private async ValueTask<byte[]> DeliverAsync(DumpCoreLayout.Part? part, string name)
    {
        if (part is null || part.Size == 0)
        {
            return [];
        }

        // Before anything of that size is allocated.
        _input.Expect(part.Offset, part.Size, part.Place);
        _budget.Take(part.Size, part.Place);
        byte[] bytes = new byte[part.Size];
        await _input.FillAsync(part.Offset, bytes, part.Place, _cancellation).ConfigureAwait(false);
        _sink.OnSection(name, bytes);
        return bytes;
    }

    private void Expect(DumpCoreLayout.Part part, long count, int size)
    {
        if (count < 1 || part.Size % size != 0 || part.Size / size != count)
        {
            throw part.Place.Corrupt($"it has {(ulong)part.Size} bytes, and the notes tell of {(ulong)count} pages, for each of which it has {size}");
        }

        _input.Expect(part.Offset, part.Size, part.Place);
    }

    private async ValueTask ReadPagesAsync(DumpCoreLayout.Part pages, DumpCoreLayout.Part table, int entrySize, long count)
    {
        for (long first = 0; first < count; first += Batch)
        {
            int batch = (int)Math.Min(Batch, count - first);
            long at = table.Offset + (first * entrySize);
            await _input.FillAsync(at, _entries.AsMemory(0, batch * entrySize), table.Place, _cancellation).ConfigureAwait(false);
            await _input.FillAsync(pages.Offset + (first * PageSizes.Default), _pages.AsMemory(0, batch * PageSizes.Default), pages.Place, _cancellation).ConfigureAwait(false);
            int kept = Sort(batch, entrySize, table.Place with { Offset = at });
            if (kept > 0)
            {
                _sink.OnPages(_pfns.AsSpan(0, kept), _types.AsSpan(0, kept), _pages.AsSpan(0, kept * PageSizes.Default));
            }
        }
    }

    /// <summary>Decodes the numbers of a batch, and closes up the pages over those that are padding; returns how many are left.</summary>
    private int Sort(int count, int entrySize, StreamPlace place)
    {
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            ulong pfn = BinaryPrimitives.ReadUInt64LittleEndian(_entries.AsSpan(i * entrySize));
            if (pfn == NoPfn)
            {
                continue;
            }

            if (pfn >= (ulong)_maxPageCount)
            {
                throw place.Corrupt(
                    $"it names page 0x{pfn:x}, and the limit is 0x{_maxPageCount:x} pages ({nameof(XenStreamOptions)}.{nameof(XenStreamOptions.MaxPageCount)})",
                    place.Offset + (i * entrySize));
            }

            if (kept < i)
            {
                _pages.AsSpan(i * PageSizes.Default, PageSizes.Default).CopyTo(_pages.AsSpan(kept * PageSizes.Default));
            }

            _pfns[kept++] = new Pfn((long)pfn);
        }

        return kept;
    }
}
