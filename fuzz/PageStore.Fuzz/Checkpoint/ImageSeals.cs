using System.Buffers.Binary;
using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>
/// Opens the sealed blocks of an encrypted image in their places, so that they can be changed like those of a plain one, and seals them
/// again. Without it every change would end at a seal.
/// </summary>
internal sealed class ImageSeals : IDisposable
{
    private readonly SparseImage _image;
    private readonly FileHeader _header;
    private readonly SessionTable _sessions;
    private readonly Dictionary<long, (int PlainBytes, EntryKind Kind, long Pfn)> _open = [];

    private ImageSeals(SparseImage image, FileHeader header, SessionTable sessions)
    {
        _image = image;
        _header = header;
        _sessions = sessions;
    }

    /// <summary>The key of all encrypted images.</summary>
    public static CheckpointKey Key { get; } = CheckpointKey.FromBytes([.. Enumerable.Range(1, CheckpointKey.SizeBytes).Select(i => (byte)(i * 7))]);

    /// <summary>The seals of an image; null for a plain one, and where the key no longer opens it.</summary>
    public static ImageSeals? Of(SparseImage image)
    {
        FileHeader? header = null;
        try
        {
            var storage = new ImageStorage(image);
            header = FileRoot.OpenHeader(storage, Key);
            return new ImageSeals(image, header, FileRoot.Find(storage, header).Nodes.Blocks.Opener!.Sessions);
        }
        catch (PageStoreException)
        {
            header?.Keys?.Dispose();
            return null;
        }
    }

    /// <summary>Opens a block, unless it is open; one that does not open stays as it is.</summary>
    /// <param name="offset">Where the block is.</param>
    /// <param name="plainBytes">The size of its plain content, padding included.</param>
    /// <param name="kind">The kind of the entry that names it.</param>
    /// <param name="pfn">The page, or <see cref="SealedBlock.NoPage"/>.</param>
    public void Open(long offset, int plainBytes, EntryKind kind, long pfn)
    {
        if (plainBytes <= 0)
        {
            return;
        }

        if (_open.ContainsKey(offset))
        {
            // An entry that was changed names it now, in another place or with another length: it is sealed for that one.
            _open[offset] = (plainBytes, kind, pfn);
            return;
        }

        byte[] block = new byte[plainBytes + SealedBlock.Overhead];
        byte[] plain = new byte[plainBytes];
        _image.Read(offset, block);
        if (CipherOf(block) is { } cipher && cipher.TryOpen(block, plain, new BlockPlace(_header.FileId, offset, kind, pfn)))
        {
            _image.Write(offset + SealedBlock.HeadSize, plain);
            _open.Add(offset, (plainBytes, kind, pfn));
        }
    }

    /// <summary>What the sum in the entry of an open block is bound to when it is sealed as it is now; 0 for one that did not open.</summary>
    public ulong TagWordOf(long offset) => Seal(offset) is { } block ? SealedBlock.TagWord(block) : 0;

    /// <summary>Seals all blocks that were opened.</summary>
    public void SealAll()
    {
        foreach (long offset in _open.Keys)
        {
            if (Seal(offset) is { } block)
            {
                _image.Write(offset, block);
            }
        }

        _open.Clear();
    }

    /// <summary>Makes the MAC of a header right again; its sum follows.</summary>
    public void AuthenticateHeader(long offset)
    {
        byte[] header = new byte[Layout.HeaderSize];
        _image.Read(offset, header);
        Span<byte> mac = stackalloc byte[EncryptionHeader.MacSize];
        _header.Keys!.HeaderMac(EncryptionHeader.WithoutMac(header), mac);
        _image.Write(offset + EncryptionHeader.MacOffset, mac);
    }

    /// <summary>Makes the MAC of a root slot right again.</summary>
    public void AuthenticateSlot(long offset)
    {
        byte[] slot = new byte[Layout.SlotSize - EncryptionHeader.MacSize];
        _image.Read(offset, slot);
        Span<byte> mac = stackalloc byte[EncryptionHeader.MacSize];
        _header.Keys!.SlotMac(slot, mac);
        _image.Write(offset + slot.Length, mac);
    }

    public void Dispose() => _header.Keys!.Dispose();

    /// <summary>An open block as it is sealed: the same bytes each time, since session and counter stay.</summary>
    private byte[]? Seal(long offset)
    {
        if (!_open.TryGetValue(offset, out (int PlainBytes, EntryKind Kind, long Pfn) open))
        {
            return null;
        }

        byte[] block = new byte[open.PlainBytes + SealedBlock.Overhead];
        _image.Read(offset, block);
        if (CipherOf(block) is not { } cipher)
        {
            return null;
        }

        byte[] plain = block.AsSpan(SealedBlock.HeadSize, open.PlainBytes).ToArray();
        cipher.Seal(plain, block, BinaryPrimitives.ReadUInt64LittleEndian(block.AsSpan(4)), new BlockPlace(_header.FileId, offset, open.Kind, open.Pfn));
        return block;
    }

    private SessionCipher? CipherOf(ReadOnlySpan<byte> block)
    {
        uint session = SealedBlock.SessionOf(block);
        Span<byte> random = stackalloc byte[SessionRecord.RandomSize];
        try
        {
            _sessions.ReadRandom(session, random, 0);
            return _header.Keys!.Sessions.Get(session, random, _header.FileId);
        }
        catch (CorruptDataException)
        {
            return null;
        }
    }
}
