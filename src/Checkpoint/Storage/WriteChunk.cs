namespace PageStore.Checkpoint;

/// <summary>A buffer on its way to the file. Filled by one thread, then handed to <see cref="WriteBehind"/>.</summary>
internal sealed class WriteChunk
{
    /// <summary>A chunk is handed over once it holds this much; limits.md of any disk: writes below 1 MiB lose throughput.</summary>
    public const int FullBytes = 1 << 20;

    /// <summary>Room for one more block of the largest kind behind <see cref="FullBytes"/>, so that blocks never straddle chunks.</summary>
    public const int Capacity = FullBytes + Layout.MaxBlock + SealedBlock.Overhead;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(Capacity, pinned: true);

    /// <summary>Where the first byte goes in the file.</summary>
    public long Offset { get; private set; }

    public int Count { get; private set; }

    public int Room => Capacity - Count;

    public long End => Offset + Count;

    public ReadOnlyMemory<byte> Content => _buffer.AsMemory(0, Count);

    public void Begin(long offset)
    {
        Offset = offset;
        Count = 0;
    }

    /// <summary>The next <paramref name="size"/> bytes, not yet taken; call <see cref="Advance"/> with what was used.</summary>
    public Span<byte> Reserve(int size) => _buffer.AsSpan(Count, size);

    public void Advance(int size) => Count += size;

    /// <summary>Copies bytes of the file that this chunk holds, if it holds all of them.</summary>
    public bool TryRead(long offset, Span<byte> destination)
    {
        if (offset < Offset || offset + destination.Length > End)
        {
            return false;
        }

        _buffer.AsSpan((int)(offset - Offset), destination.Length).CopyTo(destination);
        return true;
    }
}
