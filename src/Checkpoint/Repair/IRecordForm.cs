namespace PageStore.Checkpoint;

/// <summary>How epoch records look in a file where no entry says that they are there: plain or sealed. For one thread.</summary>
internal interface IRecordForm
{
    /// <summary>Finds the next place at which a record may begin.</summary>
    /// <param name="chunk">A part of the file that begins at a multiple of <see cref="Layout.Unit"/>.</param>
    /// <param name="from">Where to look first, such a multiple.</param>
    /// <returns>The place, counted from the front of the chunk, or -1.</returns>
    int Next(ReadOnlySpan<byte> chunk, int from);

    /// <summary>Looks at what may be a record; nothing is checked.</summary>
    /// <param name="offset">Where it begins.</param>
    /// <param name="end">What it cannot reach across.</param>
    /// <param name="buffer">How much of it to see.</param>
    /// <returns>The plain bytes, at the front of the buffer: fewer than it takes where the file has no more.</returns>
    ReadOnlySpan<byte> Peek(long offset, long end, Span<byte> buffer);

    /// <summary>Reads a record of a known size, and checks what can be checked without an entry.</summary>
    /// <exception cref="CorruptDataException">It cannot be read, or does not authenticate.</exception>
    void Read(long offset, Span<byte> plain);
}
