namespace PageStore.Checkpoint;

/// <summary>How content that a file holds already is found, so that it is not stored again. Blocks are shared within one file, which is one guest's, and with nobody else's.</summary>
public sealed record SharingOptions
{
    /// <summary>
    /// The size in bytes of the blocks in which a page is compared with what it was before: a power of two from 64 to 4096. Smaller ones store less of a page that changed in few places, and
    /// take a mask of one bit each.
    /// </summary>
    public int BlockSize { get; init; } = 1 << PatchBlock.MinShift;

    /// <summary>
    /// The most memory in bytes that is taken to find pages of equal content, 64 KiB or more; 256 MiB unless said otherwise, which is enough for the different pages of about 45 GiB. What does not
    /// fit is stored again.
    /// </summary>
    public long IndexBytes { get; init; } = 256L << 20;

    internal void Validate()
    {
        if (!int.IsPow2(BlockSize) || BlockSize is < 1 << PatchBlock.MinShift or > 1 << PatchBlock.MaxShift)
        {
            throw new ArgumentOutOfRangeException(nameof(BlockSize), BlockSize, "Blocks of a page have a power of two from 64 to 4096 bytes.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(IndexBytes, 65536, nameof(IndexBytes));
    }
}
