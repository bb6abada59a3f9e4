using System.Numerics;
using System.Runtime.InteropServices;

namespace PageStore;

/// <summary>Reads the chunks of a serialized bitmap, trusting nothing in them.</summary>
internal ref struct BitmapChunkReader(ReadOnlySpan<byte> source, int position, PageBitmap target, long count)
{
    private readonly ReadOnlySpan<byte> _source = source;
    private int _position = position;
    private long _missing = count;
    private long _nextChunk;

    /// <summary>Reads until the announced number of pages is there; null, or what is wrong.</summary>
    public string? ReadAll()
    {
        while (_missing > 0)
        {
            if (ReadChunk() is { } reason)
            {
                return reason;
            }
        }

        return _position == _source.Length ? null : $"Byte {_position}: {_source.Length - _position} bytes behind the last chunk.";
    }

    private string? ReadChunk()
    {
        int start = _position;
        if (!Varint.TryRead(_source, ref _position, out ulong tag))
        {
            return $"Byte {start}: the chunk's tag is malformed or missing; {_missing} pages are still to come.";
        }

        // A tag has at most 42 bits, so the sum cannot overflow.
        long chunk = _nextChunk + (long)(tag >> 2);
        if (chunk > (target.Length - 1) >> PageBitmapCodec.ChunkShift)
        {
            return $"Byte {start}: chunk {chunk} lies outside a bitmap of {target.Length} pages.";
        }

        _nextChunk = chunk + 1;
        var first = new Pfn(chunk << PageBitmapCodec.ChunkShift);
        int bits = (int)Math.Min(PageBitmapCodec.ChunkBits, target.Length - first.Value);
        return (BitmapChunkKind)(tag & 3) switch
        {
            BitmapChunkKind.Runs => ReadRuns(start, first, bits),
            BitmapChunkKind.Bitmap => ReadBitmap(start, first, bits),
            BitmapChunkKind.Full => Add(start, new PfnRun(first, bits)),
            _ => $"Byte {start}: chunk kind {tag & 3} is unknown.",
        };
    }

    private string? ReadBitmap(int start, Pfn first, int bits)
    {
        int bytes = (bits + 7) >> 3;
        if (_source.Length - _position < bytes)
        {
            return $"Byte {start}: a bitmap chunk of {bytes} bytes does not fit the rest.";
        }

        ReadOnlySpan<byte> bitmap = _source.Slice(_position, bytes);
        if ((bits & 7) != 0 && bitmap[^1] >> (bits & 7) != 0)
        {
            return $"Byte {_position + bytes - 1}: bits behind the end of the bitmap are set.";
        }

        int set = CountBits(bitmap);
        if (set == 0 || set == bits)
        {
            return $"Byte {start}: a bitmap chunk is {(set == 0 ? "empty" : "full")}, which has a shorter form.";
        }

        if (Take(start, set) is { } reason)
        {
            return reason;
        }

        target.OrBytes(bitmap, first, bits);
        _position += bytes;
        return null;
    }

    private string? ReadRuns(int start, Pfn first, int bits)
    {
        // Runs are parted by a clear page, so at most every second page begins one.
        if (!Varint.TryRead(_source, ref _position, out ulong more) || more >= (ulong)(bits + 1) / 2 || _position == _source.Length)
        {
            return $"Byte {start}: the number of runs is malformed, or there cannot be so many in {bits} pages.";
        }

        int gapOrder = _source[_position] & 15;
        int lengthOrder = _source[_position] >> 4;
        long bit = (long)(_position + 1) * 8;
        int end = -1;
        for (ulong run = 0; run <= more; run++)
        {
            if (!ExpGolomb.TryRead(_source, ref bit, gapOrder, out int gap) ||
                !ExpGolomb.TryRead(_source, ref bit, lengthOrder, out int length))
            {
                return $"Byte {bit >> 3}: a code of run {run} is malformed or cut off.";
            }

            int begin = end + 1 + gap;
            end = begin + length + 1;
            if (end > bits || length + 1 == bits)
            {
                return $"Byte {bit >> 3}: run {run} ends outside its chunk, or is all of it, which has a shorter form.";
            }

            if (Add(start, new PfnRun(first + begin, length + 1)) is { } reason)
            {
                return reason;
            }
        }

        return FinishBits(bit);
    }

    /// <summary>Moves behind the last byte of a bit stream, whose unused bits must be 0.</summary>
    private string? FinishBits(long bit)
    {
        _position = (int)((bit + 7) >> 3);
        return (bit & 7) != 0 && _source[_position - 1] >> (int)(bit & 7) != 0
            ? $"Byte {_position - 1}: bits behind the last run are set."
            : null;
    }

    private string? Add(int start, PfnRun run)
    {
        if (Take(start, run.Count) is { } reason)
        {
            return reason;
        }

        target.SetRange(run.First, run.Count);
        return null;
    }

    private string? Take(int start, long pages)
    {
        _missing -= pages;
        return _missing < 0 ? $"Byte {start}: the chunk holds {-_missing} pages more than the bitmap's count allows." : null;
    }

    private static int CountBits(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        int set = (int)WordKernels.Count(words);
        foreach (byte last in bytes[(words.Length * sizeof(ulong))..])
        {
            set += BitOperations.PopCount(last);
        }

        return set;
    }
}
