using System.Buffers;
using System.Collections.Concurrent;

namespace PageStore.Checkpoint;

/// <summary>Reads blocks out of the packs of a store. Thread-safe. The caller disposes it.</summary>
/// <param name="layout">Where the packs are.</param>
/// <param name="store">The store's id.</param>
internal sealed class PackFiles(StoreLayout layout, Guid store) : IDisposable
{
    /// <summary>Files held open: far below the 1024 descriptors that a process has by default.</summary>
    private const int MaxOpen = 128;

    /// <summary>A collection moves a block once; who meets more moves than this in one read has a damaged index.</summary>
    private const int MaxMoves = 16;

    private readonly ConcurrentDictionary<long, FileStorage> _open = [];
    private readonly Lock _lookup = new();

    /// <summary>Reads a block of a domain; false where the index has none.</summary>
    /// <param name="database">The index, which nobody else uses meanwhile but through this.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="hash">The block's name.</param>
    /// <param name="plain">Receives the plain content.</param>
    /// <exception cref="CorruptDataException">Another block stands where the index says, or none, or it does not unpack.</exception>
    public bool TryRead(StoreDatabase database, long domain, in BlockHash hash, Span<byte> plain)
    {
        for (int move = 0; move < MaxMoves; move++)
        {
            StoredBlock? place;
            lock (_lookup)
            {
                place = database.Find(domain, hash);
            }

            if (place is null)
            {
                return false;
            }

            // A pack that went away in between had been moved: the index says where to.
            if (TryRead(hash, place.Value, plain))
            {
                return true;
            }
        }

        throw new CorruptDataException($"The pack that the index {database.Path} names for block {hash} is missing.");
    }

    /// <summary>Reads a block where the index says it stands; false where there is no such pack any more.</summary>
    private bool TryRead(in BlockHash hash, StoredBlock place, Span<byte> plain)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(place.Bytes);
        try
        {
            Span<byte> block = buffer.AsSpan(0, place.Bytes);
            if (!TryReadBytes(place.Pack, place.Offset, block))
            {
                return false;
            }

            if (PackBlock.TryRead(block) is not { } head || head.Hash != hash || head.TotalBytes != place.Bytes || !head.TryUnpack(block[PackBlock.HeadSize..], plain))
            {
                throw Damage.At(place.Offset, $"block {hash} of {layout.Pack(place.Pack)} is damaged");
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads bytes of a pack as they are; false where there is no such pack.</summary>
    public bool TryReadBytes(long pack, long offset, Span<byte> destination)
    {
        while (true)
        {
            if (TryOpen(pack) is not { } file)
            {
                return false;
            }

            try
            {
                file.Read(offset, destination);
                return true;
            }
            catch (ObjectDisposedException)
            {
                // Another thread made room for its own.
            }
        }
    }

    public void Dispose() => CloseAll();

    private FileStorage? TryOpen(long pack)
    {
        if (_open.TryGetValue(pack, out FileStorage? known))
        {
            return known;
        }

        string path = layout.Pack(pack);
        if (!File.Exists(path))
        {
            return null;
        }

        FileStorage file;
        try
        {
            file = FileStorage.OpenToRead(path);
        }
        catch (StorageException) when (!File.Exists(path))
        {
            return null;
        }

        ThrowUnlessPack(file, pack);
        if (_open.Count >= MaxOpen)
        {
            CloseAll();
        }

        return _open.TryAdd(pack, file) ? file : Instead(file, pack);
    }

    private FileStorage? Instead(FileStorage file, long pack)
    {
        file.Dispose();
        return TryOpen(pack);
    }

    private void ThrowUnlessPack(FileStorage file, long pack)
    {
        Span<byte> header = stackalloc byte[PackHeader.Size];
        try
        {
            file.Read(0, header);
            if (!PackHeader.IsOf(header, store, pack))
            {
                throw Damage.At(0, $"{file.Name} is not pack {pack} of this store");
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void CloseAll()
    {
        foreach (long pack in _open.Keys)
        {
            if (_open.TryRemove(pack, out FileStorage? file))
            {
                file.Dispose();
            }
        }
    }
}
