namespace PageStore.Checkpoint;

/// <summary>Stores pages and sections of committed epochs anew, packed if they were, so that the segments they lie in can be freed. For one thread.</summary>
/// <param name="file">Where they are, and go.</param>
internal sealed class PageMover(WritableFile file)
{
    private readonly SwitchedCodec _codec = new();
    private readonly byte[] _page = new byte[file.Header.PageSize];
    private PageEncoder? _encoder;

    /// <summary>
    /// Stores what an entry names a second time; returns the entry of that. What cannot be read, or is of a kind that names more than a block of its own, stays
    /// where it is: to report it is not the business of who moves it.
    /// </summary>
    public Entry Move(Epoch epoch, Pfn pfn, Entry entry)
    {
        if (entry.Kind is not (EntryKind.Raw or EntryKind.Lz4))
        {
            return entry;
        }

        try
        {
            epoch.ReadContent(pfn, entry, _page);
        }
        catch (Exception cause) when (cause is CorruptDataException or StorageException)
        {
            return entry;
        }

        _encoder ??= new PageEncoder(file.Blocks, file.RawTarget, file.Packed, _codec);
        _codec.On = entry.Kind == EntryKind.Lz4;
        return _encoder.Encode(pfn, _page, entry.Type);
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
}
