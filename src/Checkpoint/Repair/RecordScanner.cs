using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>
/// Searches segments for epoch records by their form, where the directory that names them is lost. Of several records of one epoch the
/// newest counts; a crash leaves records that were never committed.
/// </summary>
/// <param name="storage">The file.</param>
/// <param name="form">How records look in it.</param>
/// <param name="cancellation">Ends the search.</param>
internal sealed class RecordScanner(SalvageStorage storage, IRecordForm form, CancellationToken cancellation)
{
    /// <summary>Bytes read at once; a multiple of every block's alignment.</summary>
    private const int ChunkBytes = 1 << 20;

    /// <summary>A file of a record every hour has this many after a century.</summary>
    private const int MaxRecords = 1 << 20;

    private const int IdOffset = 8;

    /// <summary>The capacity of a tree.</summary>
    private const long EndOfIds = 1L << (TreeRoot.FanOutShift * TreeRoot.MaxHeight);

    private readonly Dictionary<EpochId, (long Offset, int Bytes, DateTimeOffset Time)> _found = [];
    private readonly byte[] _chunk = new byte[ChunkBytes];
    private readonly byte[] _record = new byte[EpochRecord.MaxSize];

    /// <summary>Searches a part of one segment.</summary>
    /// <param name="start">Where it begins.</param>
    /// <param name="end">Where it ends; no record reaches across.</param>
    /// <param name="wanted">Which epochs are looked for.</param>
    /// <returns>How many bytes were searched.</returns>
    public long Scan(long start, long end, Func<EpochId, bool> wanted)
    {
        end = Math.Min(end, storage.Length);
        for (long at = start; at < end; at += ChunkBytes)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<byte> chunk = storage.ReadSome(at, _chunk.AsSpan(0, (int)Math.Min(ChunkBytes, end - at)));
            for (int found = form.Next(chunk, 0); found >= 0; found = form.Next(chunk, found + Layout.Unit))
            {
                TryTake(at + found, end, wanted);
            }
        }

        return Math.Max(0, end - start);
    }

    /// <summary>The records that were found, read again one by one.</summary>
    public IEnumerable<EpochRecord> Records()
    {
        foreach ((EpochId id, (long offset, int bytes, _)) in _found)
        {
            if (TryRead(offset, bytes, id) is { } record)
            {
                yield return record;
            }
        }
    }

    private void TryTake(long offset, long end, Func<EpochId, bool> wanted)
    {
        ReadOnlySpan<byte> bytes = form.Peek(offset, end, _record.AsSpan(0, EpochRecord.FixedSize));
        if (EpochRecordFormat.Measure(bytes) == 0)
        {
            return;
        }

        var id = new EpochId(BinaryPrimitives.ReadInt64LittleEndian(bytes[IdOffset..]));
        int size = EpochRecordFormat.Measure(form.Peek(offset, end, _record));
        if (id.Value < 1 || id.Value >= EndOfIds || size == 0 || !wanted(id) || TryRead(offset, size, id) is not { } record)
        {
            return;
        }

        if (_found.TryGetValue(id, out (long Offset, int Bytes, DateTimeOffset Time) best) ? record.Time >= best.Time : _found.Count < MaxRecords)
        {
            _found[id] = (offset, size, record.Time);
        }
    }

    private EpochRecord? TryRead(long offset, int bytes, EpochId id)
    {
        try
        {
            byte[] stored = new byte[bytes];
            form.Read(offset, stored);
            return EpochRecordFormat.Read(stored, offset, id);
        }
        catch (PageStoreException)
        {
            // Something else that begins like a record, or one of a version that is not known.
            return null;
        }
    }
}
