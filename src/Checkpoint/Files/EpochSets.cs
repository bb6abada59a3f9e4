using System.Buffers;

namespace PageStore.Checkpoint;

/// <summary>The sets W and R of an epoch, as encoded bitmaps in byte strings.</summary>
internal static class EpochSets
{
    public static BlobRef Write(BlobWriter blobs, SegmentAppender index, PageBitmap set)
    {
        var buffer = new ArrayBufferWriter<byte>();
        PageBitmapCodec.Encode(set, buffer);
        return blobs.Write(new MemoryStream(buffer.WrittenSpan.ToArray()), index);
    }

    public static PageBitmap Read(NodeReader nodes, BlobRef blob, long pageCount, long expectedCount, long recordOffset)
    {
        // The chunks of a set are raw, so it cannot be longer than the file; but many entries of a hostile one can name the same chunk.
        if (blob.Length > nodes.Blocks.DataEnd || blob.Length > Array.MaxLength || blob.Length > PageBitmapCodec.GetMaxEncodedLength(pageCount))
        {
            throw Damage.At(recordOffset, $"a set of pages of {blob.Length} bytes, more than the file has or {pageCount} pages can need");
        }

        byte[] bytes = ReadBytes(nodes, blob, recordOffset);
        if (!PageBitmapCodec.TryDecode(bytes, pageCount, out PageBitmap? set, out string? reason))
        {
            throw Damage.At(recordOffset, "a set of pages is damaged: " + reason);
        }

        if (set!.Length != pageCount || set.Count() != expectedCount)
        {
            set.Dispose();
            throw Damage.At(recordOffset, $"a set of pages has not the {expectedCount} pages that the record says");
        }

        return set;
    }

    /// <summary>
    /// Reads the encoded set. The buffer grows as chunks arrive: a sparse file has any length for nothing, so nothing is allocated by
    /// what the record promises.
    /// </summary>
    private static byte[] ReadBytes(NodeReader nodes, BlobRef blob, long recordOffset)
    {
        using var stream = new BlobStream(nodes, blob, recordOffset);
        byte[] bytes = [];
        for (int read = 0; read < blob.Length; read = bytes.Length)
        {
            Array.Resize(ref bytes, (int)Math.Min(blob.Length, Math.Max(2L * read, Layout.ChunkSize)));
            stream.ReadExactly(bytes.AsSpan(read));
        }

        return bytes;
    }
}
