namespace PageStore.Checkpoint.Tests;

/// <summary>What a medium holds after the first of a row of operations: the last sync's content for certain, the rest perhaps.</summary>
internal sealed class Replay
{
    private readonly FileImage _synced;

    public Replay(ReadOnlySpan<byte> start, IReadOnlyList<FileOperation> operations)
        : this(new FileImage(start), operations, Barrier(operations))
    {
    }

    private Replay(FileImage image, IReadOnlyList<FileOperation> operations, int barrier)
    {
        for (int i = 0; i < barrier; i++)
        {
            operations[i].ApplyTo(image);
        }

        _synced = image;
        Pending = [.. operations.Skip(barrier)];
    }

    /// <summary>The operations since the last sync.</summary>
    public IReadOnlyList<FileOperation> Pending { get; }

    /// <summary>What was synced, and what is chosen of the rest: operation and sector, by number.</summary>
    public FileImage After(Func<int, int, bool> survives, Growth growth = Growth.AsWritten)
    {
        FileImage image = _synced.Copy();
        Grow(image, growth);
        for (int i = 0; i < Pending.Count; i++)
        {
            Pending[i].ApplySectors(image, sector => survives(i, sector));
        }

        return image;
    }

    private static int Barrier(IReadOnlyList<FileOperation> operations)
    {
        int end = operations.Count;
        while (end > 0 && !operations[end - 1].IsBarrier)
        {
            end--;
        }

        return end;
    }

    /// <summary>The file system notes lengths in a journal of its own, so the file may be as long as the writes would have made it.</summary>
    private void Grow(FileImage image, Growth growth)
    {
        int length = Pending.OfType<WriteOperation>().Select(write => (int)write.Offset + write.Bytes.Length).DefaultIfEmpty().Max();
        if (growth == Growth.AsWritten || length <= image.Length)
        {
            return;
        }

        if (growth == Growth.Stale)
        {
            image.GrowStale(length);
        }
        else
        {
            image.Resize(length);
        }
    }
}

/// <summary>How long a file is after writes behind its end of which some are lost.</summary>
internal enum Growth
{
    /// <summary>As far as the writes that are there reach.</summary>
    AsWritten,

    /// <summary>As far as all writes would have reached; where one is lost there are zeros.</summary>
    Zeros,

    /// <summary>Likewise, with the bytes of somebody else's deleted file there.</summary>
    Stale,
}
