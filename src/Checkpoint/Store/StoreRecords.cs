namespace PageStore.Checkpoint;

/// <summary>How to add a checkpoint file to a store.</summary>
public sealed record StoreAddOptions
{
    /// <summary>The name that the checkpoint gets, and its file in the store; null stands for the file's own name.</summary>
    public string? Name { get; init; }

    /// <summary>
    /// The sharing domain: blocks are shared with checkpoints of the same one only. Null stands for the guest's own: its UUID, where the newest epoch knows it, or else the file's id. Who may add to a
    /// domain, and see what that takes, can find out which pages others in it have: see docs/store.md.
    /// </summary>
    public string? Domain { get; init; }

    /// <summary>How blocks that are new to the store are packed: <see cref="PageCodecs.None"/> (the default) or <see cref="PageCodecs.Lz4"/>.</summary>
    public IPageCodec Codec { get; init; } = PageCodecs.None;

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Codec);
        if (Name is not null)
        {
            StoreLayout.ThrowUnlessName(Name);
        }

        if (Domain is not null)
        {
            StoreLayout.ThrowUnlessDomain(Domain);
        }
    }
}

/// <summary>What an addition did.</summary>
/// <param name="Checkpoint">The checkpoint.</param>
/// <param name="Epochs">How many epochs it has.</param>
/// <param name="Pages">How many stored pages were brought over.</param>
/// <param name="BlocksAdded">How many blocks the domain did not have yet.</param>
/// <param name="BytesAdded">How many bytes the packs grew by.</param>
/// <param name="FileBytes">The length of the checkpoint file in the store.</param>
public sealed record StoreAddReport(StoredCheckpoint Checkpoint, long Epochs, long Pages, long BlocksAdded, long BytesAdded, long FileBytes);

/// <summary>A checkpoint in a store.</summary>
/// <param name="Name">Its name in the store.</param>
/// <param name="Domain">Its sharing domain.</param>
/// <param name="FileId">The id of its file.</param>
/// <param name="Path">Where its file is.</param>
/// <param name="Added">When it was added.</param>
public sealed record StoredCheckpoint(string Name, string Domain, Guid FileId, string Path, DateTimeOffset Added);

/// <summary>How much a store holds.</summary>
/// <param name="Checkpoints">The checkpoints.</param>
/// <param name="Domains">Their sharing domains.</param>
/// <param name="Blocks">The blocks in the index.</param>
/// <param name="BlockBytes">What they take in packs, with their heads.</param>
/// <param name="SharedBlocks">Those that more than one checkpoint references.</param>
/// <param name="UnreferencedBlocks">Those that none references, which a collection frees.</param>
/// <param name="Packs">The packs.</param>
/// <param name="PackBytes">Their length.</param>
/// <param name="DeadBytes">What of that belongs to no block of the index.</param>
/// <param name="IndexBytes">The length of the index.</param>
/// <param name="CheckpointBytes">The length of the checkpoint files.</param>
public sealed record StoreReport(
    long Checkpoints,
    long Domains,
    long Blocks,
    long BlockBytes,
    long SharedBlocks,
    long UnreferencedBlocks,
    long Packs,
    long PackBytes,
    long DeadBytes,
    long IndexBytes,
    long CheckpointBytes);

/// <summary>What a collection freed.</summary>
/// <param name="BlocksFreed">Blocks that nothing referenced.</param>
/// <param name="PacksRemoved">Packs of which nothing is left, or whose blocks were moved.</param>
/// <param name="BlocksMoved">Blocks that were moved out of packs in which too much was dead.</param>
/// <param name="BytesReturned">By how much less the packs take.</param>
public sealed record StoreCollectReport(long BlocksFreed, long PacksRemoved, long BlocksMoved, long BytesReturned);
