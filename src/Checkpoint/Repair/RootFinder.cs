namespace PageStore.Checkpoint;

/// <summary>Finds what is left of the header and of the root slots of a damaged file.</summary>
internal sealed class RootFinder(SalvageStorage storage, RepairOptions options)
{
    private const int FileIdInSlot = 152;

    /// <summary>The header, its second copy, or what the options say in its place; opened with the key.</summary>
    /// <exception cref="CorruptDataException">Neither copy is one, and the options do not say what stood there, or the file is to be encrypted.</exception>
    /// <exception cref="UnsupportedException">The file is of a version or has a feature that is not known, or the host has no cryptography.</exception>
    /// <exception cref="WrongKeyException">The key does not fit.</exception>
    public FileHeader ReadHeader()
    {
        Span<byte> bytes = stackalloc byte[Layout.HeaderSize];
        PageStoreException? refused = null;
        foreach (long offset in (ReadOnlySpan<long>)[Layout.HeaderOffset, Layout.HeaderCopyOffset])
        {
            if (storage.ReadSome(offset, bytes).Length == bytes.Length && TryReadHeader(bytes, offset) is { } header
                && TryUnlock(header, ref refused) is { } unlocked)
            {
                return unlocked;
            }
        }

        return refused is null ? GivenHeader() : throw refused;
    }

    /// <summary>
    /// The valid roots, the newest first; two copies of one once. Roots that have a sequence in common and nothing else are kept apart: a sound file has none, and which of them is the sound one the
    /// sequence does not say.
    /// </summary>
    /// <exception cref="UnsupportedException">A root needs a feature that is not known.</exception>
    public IReadOnlyList<RootSlot> ReadRoots(FileHeader header)
    {
        List<RootSlot> roots = [];
        byte[] bytes = new byte[Layout.SlotSize];
        foreach (long offset in SlotOffsets())
        {
            if (storage.ReadSome(offset, bytes).Length == bytes.Length && TryReadSlot(bytes, offset, header) is { } slot
                && !roots.Contains(slot))
            {
                roots.Add(slot);
            }
        }

        // Of a root that was not synced nobody knows what arrived, if the host has been started anew; better than none.
        List<RootSlot> certain = roots.FindAll(root => root.IsSynced || root.HostRun == storage.HostRun);
        return [.. (certain.Count > 0 ? certain : roots).OrderByDescending(root => root.Sequence)];
    }

    /// <summary>A copy that somebody changed together with its sum does not open; the other one may.</summary>
    private FileHeader? TryUnlock(FileHeader header, ref PageStoreException? refused)
    {
        try
        {
            return FileKeys.Unlock(storage.Name, header, options.Key);
        }
        catch (Exception cause) when (cause is CorruptDataException or WrongKeyException)
        {
            refused ??= (PageStoreException)cause;
            return null;
        }
    }

    private FileHeader GivenHeader()
    {
        if (options.Key is not null)
        {
            throw new CorruptDataException(
                $"{storage.Name} has no valid header at offset {Layout.HeaderOffset} or {Layout.HeaderCopyOffset}. "
                + "Without it, and the salt that stood in it, the key opens nothing of an encrypted file.")
            {
                Offset = 0,
            };
        }

        if (options.PageSize is not { } pageSize || options.SegmentSize is not { } segmentSize)
        {
            throw new CorruptDataException(
                $"{storage.Name} has no valid header at offset {Layout.HeaderOffset} or {Layout.HeaderCopyOffset}. "
                + "If it is a checkpoint file, say its page size and its segment size (4096 and 4194304 unless it was made with others).")
            {
                Offset = 0,
            };
        }

        return new FileHeader(pageSize, System.Numerics.BitOperations.Log2((uint)segmentSize), FileIdOfSlots(), DateTimeOffset.UnixEpoch, 0, 0);
    }

    private static IEnumerable<long> SlotOffsets() =>
        from slot in Enumerable.Range(0, Layout.SlotCount)
        from copy in Enumerable.Range(0, Layout.SlotCopies)
        select Layout.SlotOffset(slot, copy);

    private static FileHeader? TryReadHeader(ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            return FileHeader.TryRead(bytes, offset);
        }
        catch (CorruptDataException)
        {
            return null;
        }
    }

    private static RootSlot? TryReadSlot(ReadOnlySpan<byte> bytes, long offset, FileHeader header)
    {
        try
        {
            return RootSlot.TryRead(bytes, offset, header);
        }
        catch (CorruptDataException)
        {
            return null;
        }
    }

    /// <summary>The id that the slots name, whose sums are checked when they are read as such.</summary>
    private Guid FileIdOfSlots()
    {
        byte[] bytes = new byte[Layout.SlotSize];
        foreach (long offset in SlotOffsets())
        {
            if (storage.ReadSome(offset, bytes).Length == bytes.Length && bytes.AsSpan(0, Layout.SlotSize - 16) is var covered
                && ContentSum.Of(covered).Value == System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(covered.Length)))
            {
                return new Guid(bytes.AsSpan(FileIdInSlot, 16), bigEndian: true);
            }
        }

        return default;
    }
}
