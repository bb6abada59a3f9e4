using System.Buffers;

namespace PageStore;

/// <summary>Writes one chunk of a serialized bitmap in the shortest of its forms.</summary>
internal static class BitmapChunkWriter
{
    /// <summary>The orders of the two codes in a runs chunk, the number of runs, and the length of their bits.</summary>
    private readonly record struct RunsForm(int Runs, int GapOrder, int LengthOrder, long Bits);

    /// <summary>Writes a chunk that holds at least one page.</summary>
    /// <param name="chunk">The chunk's pages.</param>
    /// <param name="skipped">How many empty chunks lie between the one written last and this one.</param>
    /// <param name="destination">Receives the chunk.</param>
    public static void Write(ReadOnlyPageBitmapSpan chunk, long skipped, IBufferWriter<byte> destination)
    {
        if (chunk.Count() == chunk.Length)
        {
            Span<byte> tag = destination.GetSpan(Varint.MaxLength);
            destination.Advance(WriteTag(tag, skipped, BitmapChunkKind.Full));
            return;
        }

        int bitmapBytes = (int)((chunk.Length + 7) >> 3);
        RunsForm form = Measure(chunk);
        Span<byte> runs = stackalloc byte[Varint.MaxLength + 1];
        int runsHeader = Varint.Write(runs, (ulong)(form.Runs - 1));
        runs[runsHeader++] = (byte)(form.GapOrder | form.LengthOrder << 4);
        long runsBytes = runsHeader + ((form.Bits + 7) >> 3);
        if (runsBytes >= bitmapBytes)
        {
            Span<byte> span = destination.GetSpan(Varint.MaxLength + bitmapBytes);
            int used = WriteTag(span, skipped, BitmapChunkKind.Bitmap);
            chunk.CopyBytesTo(span[used..]);
            destination.Advance(used + bitmapBytes);
        }
        else
        {
            Span<byte> span = destination.GetSpan(Varint.MaxLength + (int)runsBytes);
            int used = WriteTag(span, skipped, BitmapChunkKind.Runs);
            runs[..runsHeader].CopyTo(span[used..]);
            WriteRuns(chunk, form, span.Slice(used + runsHeader, (int)runsBytes - runsHeader));
            destination.Advance(used + (int)runsBytes);
        }
    }

    private static int WriteTag(Span<byte> destination, long skipped, BitmapChunkKind kind) =>
        Varint.Write(destination, (ulong)skipped << 2 | (ulong)kind);

    /// <summary>Finds the orders that make the runs shortest; of equal ones the lowest.</summary>
    private static RunsForm Measure(ReadOnlyPageBitmapSpan chunk)
    {
        Span<int> gaps = stackalloc int[ExpGolomb.MaxOrder + 1];
        Span<int> lengths = stackalloc int[ExpGolomb.MaxOrder + 1];
        gaps.Clear();
        lengths.Clear();
        int runs = 0;
        long end = -1;
        foreach (PfnRun run in chunk.Runs())
        {
            AddLengths(gaps, GapBefore(run, ref end));
            AddLengths(lengths, (int)run.Count - 1);
            runs++;
        }

        int gapOrder = IndexOfMin(gaps);
        int lengthOrder = IndexOfMin(lengths);
        return new RunsForm(runs, gapOrder, lengthOrder, (long)gaps[gapOrder] + lengths[lengthOrder]);
    }

    private static void WriteRuns(ReadOnlyPageBitmapSpan chunk, RunsForm form, Span<byte> destination)
    {
        destination.Clear();
        int bit = 0;
        long end = -1;
        foreach (PfnRun run in chunk.Runs())
        {
            ExpGolomb.Write(destination, ref bit, GapBefore(run, ref end), form.GapOrder);
            ExpGolomb.Write(destination, ref bit, (int)run.Count - 1, form.LengthOrder);
        }
    }

    /// <summary>
    /// The clear pages before a run, less the one that always parts it from the run before; <paramref name="end"/> begins at -1,
    /// as if a run ended there.
    /// </summary>
    private static int GapBefore(PfnRun run, ref long end)
    {
        int gap = (int)(run.First.Value - end - 1);
        end = run.End.Value;
        return gap;
    }

    private static void AddLengths(Span<int> sums, int value)
    {
        for (int order = 0; order < sums.Length; order++)
        {
            sums[order] += ExpGolomb.Length(value, order);
        }
    }

    private static int IndexOfMin(ReadOnlySpan<int> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            best = values[i] < values[best] ? i : best;
        }

        return best;
    }
}
