namespace PageStore.Checkpoint;

/// <summary>Stores copies of a plan's pages one behind the other, and the plan. What it appends is committed, or forgotten, by whoever runs it. For one thread.</summary>
/// <param name="file">The file.</param>
/// <param name="epoch">The epoch of the plan.</param>
/// <param name="maxExtents">How many extents its record has room for.</param>
/// <param name="cancellation">Ends it before the next batch of pages.</param>
internal sealed class PackWriter(WritableFile file, Epoch epoch, int maxExtents, CancellationToken cancellation)
{
    /// <summary>
    /// Pages that are read at once, and that lie in the order of their numbers in the pack: enough that those of a plan that are neighbours meet, so that a resume brings them together, and 16 MiB of 4 KiB pages, which
    /// is little beside a plan whose order matters.
    /// </summary>
    private const int BatchBytes = 16 << 20;

    private readonly SwitchedCodec _codec = new();
    private readonly List<Extent> _extents = [];

    /// <summary>Appends the pack.</summary>
    /// <exception cref="CorruptDataException">A page of the plan is damaged.</exception>
    /// <exception cref="UnsupportedException">The record has no room for so large a pack.</exception>
    /// <exception cref="StorageException">The medium failed or is full.</exception>
    public PackRef Write(ReadOnlySpan<Pfn> pages)
    {
        // From a segment of its own on: what lies behind the last pack is not this one's.
        file.Pack.Flush();
        file.Pack.ResetTo(0);
        byte[] plan = new byte[pages.Length * PlanEntry.Size];
        var reader = new ScatteredReader(epoch);
        var encoder = new PageEncoder(file.Blocks, file.Pack, file.Pack, _codec);
        int batch = Math.Min(ScatteredReader.MaxPages, BatchBytes / epoch.PageSize);
        byte[] buffer = new byte[batch * epoch.PageSize];
        var classes = new PageClass[batch];
        for (int at = 0; at < pages.Length; at += batch)
        {
            cancellation.ThrowIfCancellationRequested();
            Pfn[] some = pages.Slice(at, Math.Min(batch, pages.Length - at)).ToArray();
            Array.Sort(some);
            reader.Read(some, buffer.AsSpan(0, some.Length * epoch.PageSize), classes.AsSpan(0, some.Length));
            for (int i = 0; i < some.Length; i++)
            {
                Entry entry = Store(encoder, some[i], reader.EntryOf(i), buffer.AsSpan(i * epoch.PageSize, epoch.PageSize));
                new PlanEntry(some[i], entry).Write(plan.AsSpan((at + i) * PlanEntry.Size));
            }
        }

        BlobRef blob = new BlobWriter(file.Trees, file.Blocks, PageCodecs.None).Write(new MemoryStream(plan), file.Index);
        return new PackRef(pages.Length, blob, _extents);
    }

    /// <summary>Gives back what was appended of a pack that came to nothing: its segments are free with the commit under way.</summary>
    public void Release()
    {
        foreach (Extent extent in _extents)
        {
            file.Segments.Release(extent.Offset, (int)extent.Length);
        }

        _extents.Clear();
    }

    /// <summary>A page is packed if it is where it was: then it was found to be worth it.</summary>
    private Entry Store(PageEncoder encoder, Pfn page, Entry entry, ReadOnlySpan<byte> content)
    {
        if (!entry.HasBlock)
        {
            return entry;
        }

        _codec.On = entry.Form != EntryKind.Raw;
        Entry copy = encoder.Encode(page, content, entry.Type);
        if (copy.HasBlock)
        {
            Extend(copy.Offset, copy.BlockBytes(epoch.PageSize, file.Blocks.Overhead));
        }

        return copy;
    }

    private void Extend(long offset, int bytes)
    {
        if (_extents.Count > 0 && _extents[^1] is var last && last.Offset + last.Length == offset && file.Segments.SegmentOf(last.Offset) == file.Segments.SegmentOf(offset))
        {
            _extents[^1] = last with { Length = last.Length + bytes };
            return;
        }

        _extents.Add(new Extent(offset, bytes));
        if (_extents.Count > maxExtents)
        {
            throw new UnsupportedException($"The record of epoch {epoch.Record.Id} has room for a resume pack of {maxExtents} segments of {file.Header.SegmentSize} bytes, and the plan takes more. Pack fewer pages.");
        }
    }
}
