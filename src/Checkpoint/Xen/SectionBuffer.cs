namespace PageStore.Checkpoint;

/// <summary>Collects the bytes of one section. It grows as bytes arrive, never by what a length in the stream promises.</summary>
internal sealed class SectionBuffer
{
    /// <summary>How much is asked of the stream at a time: what a lying length can make us allocate in vain.</summary>
    private const int Step = 64 << 10;

    private readonly SectionBudget _budget;
    private byte[] _bytes = [];

    public SectionBuffer(SectionBudget budget) => _budget = budget;

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Adds <paramref name="bytes"/>, within the budget.</summary>
    public void Append(ReadOnlySpan<byte> bytes, StreamPlace place)
    {
        _budget.Take(bytes.Length, place);
        bytes.CopyTo(Reserve(bytes.Length).Span);
        Length += bytes.Length;
    }

    /// <summary>Adds the next <paramref name="count"/> bytes of the stream, within the budget.</summary>
    public async ValueTask AppendAsync(StreamCursor cursor, long count, StreamPlace place, CancellationToken cancellationToken)
    {
        _budget.Take(count, place);
        while (count > 0)
        {
            int step = (int)Math.Min(count, Step);
            await cursor.FillAsync(Reserve(step), place, cancellationToken).ConfigureAwait(false);
            Length += step;
            count -= step;
        }
    }

    /// <summary>Hands the section to <paramref name="sink"/> unless it is empty or has no name, and lets go of the bytes.</summary>
    public void Deliver(string? name, IXenStreamSink sink)
    {
        if (Length > 0 && name is not null)
        {
            sink.OnSection(name, Written);
        }

        _bytes = [];
        Length = 0;
    }

    private Memory<byte> Reserve(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, Math.Max(Length + count, 2 * Length));
        }

        return _bytes.AsMemory(Length, count);
    }
}
