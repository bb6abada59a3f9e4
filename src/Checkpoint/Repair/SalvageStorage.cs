namespace PageStore.Checkpoint;

/// <summary>A damaged file: what the medium cannot read is as lost as what does not check, and no reason to stop.</summary>
internal sealed class SalvageStorage(IStorage file) : IStorage
{
    /// <summary>What disks of today lose at once.</summary>
    private const int SectorBytes = 4096;

    public string Name => file.Name;

    public long Length => file.Length;

    public Guid HostRun => file.HostRun;

    public void Read(long offset, Span<byte> destination)
    {
        try
        {
            file.Read(offset, destination);
        }
        catch (StorageException cause)
        {
            throw new CorruptDataException($"offset {offset}: {cause.Message}", cause) { Offset = offset };
        }
    }

    /// <summary>Reads as much of a range as the file has; sectors that cannot be read come as zeros.</summary>
    public Span<byte> ReadSome(long offset, Span<byte> destination)
    {
        Span<byte> part = destination[..(int)Math.Clamp(Length - offset, 0, destination.Length)];
        if (!TryRead(offset, part))
        {
            for (int at = 0; at < part.Length; at += SectorBytes)
            {
                TryRead(offset + at, part.Slice(at, Math.Min(SectorBytes, part.Length - at)));
            }
        }

        return part;
    }

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts) => throw new NotSupportedException("A damaged file is only read.");

    public void Truncate(long length) => throw new NotSupportedException("A damaged file is only read.");

    public bool TryHold(long sequence) => file.TryHold(sequence);

    public void Release(long sequence) => file.Release(sequence);

    public void Sync()
    {
    }

    public void Dispose() => file.Dispose();

    private bool TryRead(long offset, Span<byte> destination)
    {
        try
        {
            Read(offset, destination);
            return true;
        }
        catch (CorruptDataException)
        {
            destination.Clear();
            return false;
        }
    }
}
