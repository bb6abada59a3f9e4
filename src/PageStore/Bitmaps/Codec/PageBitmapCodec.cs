using System.Buffers;

namespace PageStore;

/// <summary>
/// The compact serialized form of a <see cref="PageBitmap"/>: chunks of 2^16 pages, each as exponential Golomb coded runs, as a
/// bitmap, or as "all"; docs/format.md describes every byte. The same set always gives the same bytes.
/// Thread-safe as far as its arguments are.
/// </summary>
public static class PageBitmapCodec
{
    /// <summary>The first byte: the version of the serialized form.</summary>
    internal const byte Version = 1;

    /// <summary>log2 of the pages in a chunk: its bitmap is 8 KiB, and positions inside fit 16 bits.</summary>
    internal const int ChunkShift = 16;

    /// <summary>The pages in a chunk; the last chunk of a bitmap may have fewer.</summary>
    internal const int ChunkBits = 1 << ChunkShift;

    /// <summary>The highest number of bytes that <see cref="Encode"/> writes for a bitmap of this length.</summary>
    /// <param name="length">In pages, from 0 to <see cref="Pfn.MaxValue"/> + 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is out of range.</exception>
    public static long GetMaxEncodedLength(long length)
    {
        PageBitmap.CheckLength(length);
        // No chunk takes more than its tag and its bitmap.
        long chunks = (length + ChunkBits - 1) >> ChunkShift;
        return 1 + 2 * Varint.MaxLength + chunks * Varint.MaxLength + ((length + 7) >> 3);
    }

    /// <summary>Writes the serialized form of <paramref name="bitmap"/>.</summary>
    /// <param name="bitmap">The set; it is not changed.</param>
    /// <param name="destination">Receives at most <see cref="GetMaxEncodedLength"/> bytes.</param>
    public static void Encode(PageBitmap bitmap, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        ArgumentNullException.ThrowIfNull(destination);
        Span<byte> header = destination.GetSpan(1 + 2 * Varint.MaxLength);
        header[0] = Version;
        int used = 1;
        used += Varint.Write(header[used..], (ulong)bitmap.Length);
        used += Varint.Write(header[used..], (ulong)bitmap.Count());
        destination.Advance(used);

        Span<ulong> words = stackalloc ulong[ChunkBits >> BitmapBounds.WordShift];
        long behindLast = 0;
        Pfn from = new(0);
        while (bitmap.TryNextSet(from, out Pfn found))
        {
            long chunk = found.Value >> ChunkShift;
            var first = new Pfn(chunk << ChunkShift);
            int bits = (int)Math.Min(ChunkBits, bitmap.Length - first.Value);
            bitmap.CopyWords(first, bits, words);
            BitmapChunkWriter.Write(new ReadOnlyPageBitmapSpan(words, bits), chunk - behindLast, destination);
            behindLast = chunk + 1;
            from = first + bits;
        }
    }

    /// <summary>
    /// Reads a serialized form. Nothing in it is trusted: whatever the bytes are, this returns, and the bitmap takes at most
    /// <paramref name="maxLength"/> / 8 bytes of memory (rounded up to a slab of 2 MiB).
    /// </summary>
    /// <param name="source">Exactly one serialized bitmap; bytes behind it are an error.</param>
    /// <param name="maxLength">The longest bitmap to accept, in pages. Choose it: a few bytes can describe many full chunks.</param>
    /// <param name="bitmap">Receives the bitmap, which the caller disposes, or null.</param>
    /// <param name="reason">Receives what is wrong and at which byte, or null.</param>
    /// <returns>Whether the bytes are a bitmap.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> is negative.</exception>
    public static bool TryDecode(ReadOnlySpan<byte> source, long maxLength, out PageBitmap? bitmap, out string? reason)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxLength);
        bitmap = null;
        if (!TryReadHeader(source, maxLength, out long length, out long count, out int position, out reason))
        {
            return false;
        }

        var decoded = new PageBitmap(length);
        var reader = new BitmapChunkReader(source, position, decoded, count);
        reason = reader.ReadAll();
        if (reason is not null)
        {
            decoded.Dispose();
            return false;
        }

        bitmap = decoded;
        return true;
    }

    private static bool TryReadHeader(
        ReadOnlySpan<byte> source, long maxLength, out long length, out long count, out int position, out string? reason)
    {
        length = count = 0;
        position = 1;
        reason = null;
        if (source.IsEmpty || source[0] != Version)
        {
            reason = source.IsEmpty ? "The bitmap is empty, not even a version byte." : $"Byte 0: bitmap version {source[0]} is not {Version}.";
        }
        else if (!Varint.TryRead(source, ref position, out ulong value) || value > (ulong)Math.Min(maxLength, Pfn.MaxValue + 1))
        {
            reason = $"Byte 1: the bitmap's length is malformed or more than {maxLength} pages.";
        }
        else
        {
            length = (long)value;
            int start = position;
            if (!Varint.TryRead(source, ref position, out value) || value > (ulong)length)
            {
                reason = $"Byte {start}: the bitmap's count is malformed or more than its length, {length} pages.";
            }

            count = (long)value;
        }

        return reason is null;
    }
}
