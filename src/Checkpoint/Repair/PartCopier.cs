namespace PageStore.Checkpoint;

/// <summary>Copies what an epoch has beside its pages: the sets W and R, and its state sections.</summary>
internal sealed class PartCopier(SalvageSource source, EpochBuilder builder, SwitchedCodec codec, EpochRecord record, EpochLosses losses)
{
    /// <summary>
    /// Sets of guests up to this size are decoded: 4 TiB of 4 KiB pages, 128 MiB a set. Of larger guests a set is if few bytes encode it:
    /// each can stand for a slab of memory.
    /// </summary>
    private const long MaxSetPages = 1L << 30;

    private const int MaxSparseBytes = 128;

    private readonly byte[] _chunk = new byte[Layout.ChunkSize];

    public void Copy(RecordAmendments amendments)
    {
        amendments.Written = TryReadSet("written set", record.Written, record.PagesWritten);
        if (record.Read.Length > 0)
        {
            using PageBitmap? read = TryReadSet("read set", record.Read, record.PagesRead);
            if (read is not null)
            {
                builder.SetReadSet(read);
            }
        }

        foreach (StateSection section in record.Sections)
        {
            if (CanRead(section))
            {
                using var content = new SectionSource(source.Nodes, section.Content, codec);
                builder.AddState(section.Name, content);
            }
        }
    }

    private PageBitmap? TryReadSet(string part, BlobRef set, long pages)
    {
        try
        {
            return record.PageCount <= MaxSetPages || set.Length <= MaxSparseBytes
                ? EpochSets.Read(source.Nodes, set, record.PageCount, pages, record.Offset)
                : throw Damage.At(record.Offset, $"a set of pages of a guest of {record.PageCount} pages takes too much memory");
        }
        catch (CorruptDataException cause)
        {
            losses.Add(part, cause);
            return null;
        }
    }

    /// <summary>Reads a section once before it is written: half a section is none.</summary>
    private bool CanRead(StateSection section)
    {
        try
        {
            using var content = new SectionSource(source.Nodes, section.Content, codec);
            while (content.Read(_chunk) > 0)
            {
            }

            return true;
        }
        catch (Exception cause) when (cause is CorruptDataException or UnsupportedException)
        {
            losses.Add($"state section \"{section.Name}\"", cause as CorruptDataException ?? new CorruptDataException(cause.Message, cause));
            return false;
        }
    }
}
