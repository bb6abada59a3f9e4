using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>A small file in memory, for the writer that makes the seeds.</summary>
internal sealed class MemoryStorage : IStorage
{
    private byte[] _bytes = [];

    public string Name => "memory";

    public long Length => _bytes.Length;

    public ReadOnlySpan<byte> Bytes => _bytes;

    public void Read(long offset, Span<byte> destination) => _bytes.AsSpan(checked((int)offset), destination.Length).CopyTo(destination);

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        int at = checked((int)offset);
        Array.Resize(ref _bytes, Math.Max(_bytes.Length, at + parts.Sum(part => part.Length)));
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            part.CopyTo(_bytes.AsMemory(at));
            at += part.Length;
        }
    }

    public void Sync()
    {
    }

    public void Truncate(long length) => Array.Resize(ref _bytes, checked((int)length));

    /// <summary>Nobody else reads it.</summary>
    public long OldestHeld(long limit) => limit;

    public void Dispose()
    {
    }
}
