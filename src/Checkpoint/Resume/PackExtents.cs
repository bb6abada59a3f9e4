namespace PageStore.Checkpoint;

/// <summary>Finds the extents of a pack in which its blocks lie. They come in the order of the blocks, so the one before is where to begin. For one thread.</summary>
internal sealed class PackExtents(IReadOnlyList<Extent> extents)
{
    private int _last;

    /// <summary>The extent of a block.</summary>
    /// <exception cref="CorruptDataException">It lies in none.</exception>
    public Extent Of(long offset, int bytes)
    {
        for (int i = 0; i < extents.Count; i++)
        {
            if (extents[_last].Holds(offset, bytes))
            {
                return extents[_last];
            }

            _last = (_last + 1) % extents.Count;
        }

        throw Damage.At(offset, "a block of a resume pack lies outside of its extents");
    }
}
