namespace PageStore.Checkpoint;

/// <summary>What a guest touched between its epochs, as a checkpoint file remembers it: what a resume policy learns from.</summary>
public static class EpochAccesses
{
    /// <summary>
    /// The epochs that led to one, the oldest first, and itself. Those without a parent in the file are left out: their written set is the whole guest, or counted from an epoch that
    /// was dropped.
    /// </summary>
    /// <param name="reader">The file.</param>
    /// <param name="newest">The last epoch.</param>
    /// <exception cref="KeyNotFoundException">There is no such epoch.</exception>
    public static IReadOnlyList<EpochInfo> LeadingTo(CheckpointReader reader, EpochId newest)
    {
        ArgumentNullException.ThrowIfNull(reader);
        Dictionary<EpochId, EpochInfo> all = reader.Epochs().ToDictionary(epoch => epoch.Id);
        if (!all.TryGetValue(newest, out EpochInfo? next))
        {
            throw new KeyNotFoundException($"There is no epoch {newest}; inspect lists those there are.");
        }

        List<EpochInfo> line = [];

        // A parent is always older, in a file that was not made to deceive.
        while (next.Parent is { } parent && parent < next.Id && all.TryGetValue(parent, out EpochInfo? before))
        {
            line.Add(next);
            next = before;
        }

        line.Reverse();
        return line;
    }

    /// <summary>The interval that ended with an epoch.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <returns>The caller disposes it.</returns>
    /// <exception cref="CorruptDataException">A set of the epoch is damaged.</exception>
    public static RecordedInterval Read(Epoch epoch)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        PageBitmap written = epoch.ReadWrittenSet();
        try
        {
            return new RecordedInterval(written, epoch.ReadReadSet());
        }
        catch
        {
            written.Dispose();
            throw;
        }
    }
}
