namespace PageStore.Checkpoint;

/// <summary>Stores pages and sections of committed epochs anew, packed if they were, so that the segments they lie in can be freed. For one thread.</summary>
/// <param name="file">Where they are, and go.</param>
internal sealed class PageMover(WritableFile file)
{
    private readonly SwitchedCodec _codec = new();
    private readonly byte[] _page = new byte[file.Header.PageSize];
    private PageEncoder? _own;
    private PageEncoder? _shared;

    private PageEncoder Own => _own ??= new PageEncoder(file.Blocks, file.RawTarget, file.Packed, _codec);

    private PageEncoder Shared => _shared ??= new PageEncoder(file.Blocks, file.RawTarget, file.Packed, _codec) { StoresForSeveral = true };

    /// <summary>Where blocks went that several pages name, so that they name one block afterwards, too.</summary>
    private readonly Dictionary<long, Entry> _moved = [];

    /// <summary>Forgets what moved: it is committed, or abandoned.</summary>
    public void Begin() => _moved.Clear();

    /// <summary>
    /// Stores what an entry names a second time, a patched page as a whole; returns the entry of that. What cannot be read, or is of a kind that names something outside the file, stays
    /// where it is: to report it is not the business of who moves it.
    /// </summary>
    public Entry Move(Epoch epoch, Pfn pfn, Entry entry)
    {
        if (!entry.IsWhole && entry.Kind != EntryKind.Patch)
        {
            return entry;
        }

        if (_moved.TryGetValue(entry.Offset, out Entry known))
        {
            if (file.Segments.IsFresh(known.Offset))
            {
                file.Shares.AddFresh(known.Offset);
            }

            return known.AsShared().WithType(entry.Type);
        }

        try
        {
            epoch.ReadContent(pfn, entry, _page);
        }
        catch (Exception cause) when (cause is CorruptDataException or StorageException)
        {
            return entry;
        }

        Entry moved = Store(pfn, entry);
        if (entry.Kind == EntryKind.Shared || file.Shares.IsShared(entry.Offset))
        {
            _moved[entry.Offset] = moved;
        }

        if (moved.Kind == EntryKind.Shared || file.Blocks.Overhead == 0)
        {
            file.Sharing?.Twins.Add(ContentSum.Of(_page), moved);
        }

        return moved;
    }

    /// <summary>Stores a section a second time; one that cannot be read stays where it is.</summary>
    public BlobRef Move(Epoch epoch, StateSection section)
    {
        using Stream content = epoch.OpenState(section.Name);
        try
        {
            content.CopyTo(Stream.Null);
        }
        catch (Exception cause) when (cause is CorruptDataException or StorageException)
        {
            return section.Content;
        }

        // No section is ever mapped, so to pack it costs nothing later.
        content.Position = 0;
        _codec.On = true;
        return new BlobWriter(file.Trees, file.Blocks, _codec).Write(content, file.Packed);
    }

    /// <summary>Packed if it was; and in an encrypted file for several pages if it was, since a sealed block is bound to one page or to none.</summary>
    private Entry Store(Pfn pfn, Entry entry)
    {
        _codec.On = entry.Form != EntryKind.Raw;
        return (entry.Kind == EntryKind.Shared ? Shared : Own).Encode(pfn, _page, entry.Type);
    }
}
