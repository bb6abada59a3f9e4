namespace PageStore.Checkpoint.Tests;

/// <summary>One thing that was done to a file, as the twin records it.</summary>
internal abstract record FileOperation
{
    /// <summary>The unit that a medium writes whole or not at all: 512 bytes, the smallest logical block in use.</summary>
    public const int SectorSize = 512;

    /// <summary>How many parts a loss of power can keep or lose one by one.</summary>
    public virtual int Sectors => 1;

    /// <summary>Whether everything before is on the medium, whatever happens later.</summary>
    public virtual bool IsBarrier => false;

    public abstract void ApplyTo(FileImage image);

    /// <summary>Applies those of the sectors that are chosen, by number.</summary>
    public virtual void ApplySectors(FileImage image, Func<int, bool> survives)
    {
        if (survives(0))
        {
            ApplyTo(image);
        }
    }
}

internal sealed record WriteOperation(long Offset, byte[] Bytes) : FileOperation
{
    public override int Sectors => (int)(((Offset + Bytes.Length + SectorSize - 1) / SectorSize) - FirstSector);

    private long FirstSector => Offset / SectorSize;

    public override void ApplyTo(FileImage image) => image.Write(Offset, Bytes);

    public override void ApplySectors(FileImage image, Func<int, bool> survives)
    {
        for (int sector = 0; sector < Sectors; sector++)
        {
            if (survives(sector))
            {
                // A cache writes whole sectors; what of the first and the last one is not this write's was there already.
                int from = (int)Math.Max(((FirstSector + sector) * SectorSize) - Offset, 0);
                int to = (int)Math.Min(((FirstSector + sector + 1) * SectorSize) - Offset, Bytes.Length);
                image.Write(Offset + from, Bytes.AsSpan(from, to - from));
            }
        }
    }

    /// <summary>What of it a killed process leaves: its first bytes.</summary>
    public WriteOperation Cut(int length) => new(Offset, Bytes[..length]);

    public override string ToString() => $"write {Bytes.Length} at {Offset}";
}

internal sealed record ResizeOperation(long Length) : FileOperation
{
    public override void ApplyTo(FileImage image) => image.Resize(Length);

    public override string ToString() => $"resize to {Length}";
}

internal sealed record PunchOperation(long Offset, long Length) : FileOperation
{
    public override void ApplyTo(FileImage image) => image.Punch(Offset, Length);

    public override string ToString() => $"punch {Length} at {Offset}";
}

internal sealed record SyncOperation : FileOperation
{
    public override bool IsBarrier => true;

    public override void ApplyTo(FileImage image)
    {
    }

    public override string ToString() => "sync";
}

/// <summary>A sync that failed: the medium holds what it holds, and the cache takes the rest for written.</summary>
internal sealed record FailedSyncOperation(byte[] Medium) : FileOperation
{
    public override bool IsBarrier => true;

    public override void ApplyTo(FileImage image)
    {
        image.Resize(0);
        image.Write(0, Medium);
    }

    public override string ToString() => "sync, failed";
}
