namespace PageStore.Checkpoint;

/// <summary>What a checkpoint file begins with.</summary>
internal static class NewFile
{
    /// <summary>The header, with the keys of an encrypted file.</summary>
    public static FileHeader Header(CheckpointWriterOptions options)
    {
        EncryptionHeader? encryption = null;
        FileKeys? keys = options.Key is { } key ? FileKeys.Create(key, options, out encryption) : null;
        int shift = System.Numerics.BitOperations.Log2((uint)options.SegmentSize);
        return new FileHeader(options.PageSize, shift, options.FileId ?? Guid.NewGuid(), options.Clock.GetUtcNow(), (keys is null ? 0 : FormatFeatures.Encryption) | (options.Target is null ? 0 : FormatFeatures.External), 0)
        {
            Encryption = encryption,
            Keys = keys,
            Outside = options.Target,
        };
    }

    /// <summary>Writes header and first root; durable when it returns.</summary>
    public static void Write(IStorage storage, FileHeader header)
    {
        byte[] bytes = new byte[Layout.HeaderSize];
        header.Write(bytes);
        storage.Write(Layout.HeaderOffset, [bytes]);
        storage.Write(Layout.HeaderCopyOffset, [bytes]);
        RootSlots.Write(storage, header, EmptySlot(header), 0);

        // The file reaches to the first segment from the start, so that all slots can always be read.
        storage.Write(Layout.SegmentsOffset - 1, [new byte[1]]);
        storage.Sync();
    }

    private static RootSlot EmptySlot(FileHeader header) => new()
    {
        Sequence = 1,
        DataEnd = Layout.SegmentsOffset,
        NextEpoch = new EpochId(1),
        NewestEpoch = default,
        EpochCount = 0,
        Time = header.Created,
        Directory = default,
        Segments = default,
        SegmentCount = 0,
        FileId = header.FileId,
        Append = default,
        IsClosed = true,
    };
}
