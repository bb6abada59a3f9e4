namespace PageStore.Checkpoint;

/// <summary>Records of a plain file: known by their first bytes.</summary>
internal sealed class PlainRecordForm(SalvageStorage storage) : IRecordForm
{
    public int Next(ReadOnlySpan<byte> chunk, int from)
    {
        while (from < chunk.Length)
        {
            int at = chunk[from..].IndexOf(EpochRecordFormat.Magic);
            if (at < 0)
            {
                return -1;
            }

            from += at;
            if (from % Layout.Unit == 0)
            {
                return from;
            }

            from++;
        }

        return -1;
    }

    public ReadOnlySpan<byte> Peek(long offset, long end, Span<byte> buffer) => storage.ReadSome(offset, buffer[..(int)Math.Min(buffer.Length, end - offset)]);

    public void Read(long offset, Span<byte> plain) => storage.Read(offset, plain);
}
