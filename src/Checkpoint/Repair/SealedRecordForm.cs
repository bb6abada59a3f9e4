namespace PageStore.Checkpoint;

/// <summary>
/// Records of an encrypted file. Each sealed block begins with a session and with four zero bytes behind its counter, which leaves hardly any other place
/// to look at. How long a block is does only its entry say, so the front of it is decrypted as it comes, and shows whether it is a record and of
/// what size; that much of it must then authenticate.
/// </summary>
/// <param name="storage">The file.</param>
/// <param name="blocks">Opens the blocks.</param>
/// <param name="opener">Knows the sessions.</param>
internal sealed class SealedRecordForm(SalvageStorage storage, BlockReader blocks, BlockOpener opener) : IRecordForm
{
    private readonly byte[] _block = new byte[EpochRecord.MaxSize];

    public int Next(ReadOnlySpan<byte> chunk, int from)
    {
        for (; from <= chunk.Length - SealedBlock.HeadSize; from += Layout.Unit)
        {
            ReadOnlySpan<byte> head = chunk.Slice(from, SealedBlock.HeadSize);
            if (SealedBlock.IsReservedClear(head) && SealedBlock.SessionOf(head) != 0)
            {
                return from;
            }
        }

        return -1;
    }

    public ReadOnlySpan<byte> Peek(long offset, long end, Span<byte> buffer)
    {
        int wanted = (int)Math.Min(Math.Min(_block.Length, buffer.Length + SealedBlock.HeadSize), end - offset);
        Span<byte> block = storage.ReadSome(offset, _block.AsSpan(0, wanted));
        if (block.Length <= SealedBlock.HeadSize || opener.TryGetCipher(block, offset) is not { } cipher)
        {
            return [];
        }

        Span<byte> plain = buffer[..(block.Length - SealedBlock.HeadSize)];
        cipher.Peek(block, plain);
        return plain;
    }

    public void Read(long offset, Span<byte> plain) => blocks.ReadBlock(offset, EntryKind.Record, SealedBlock.NoPage, plain);
}
