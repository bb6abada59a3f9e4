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
        // The chunks of a set are raw, so it cannot be longer than the file; nothing is allocated by the record's word alone.
        if (blob.Length > nodes.Blocks.DataEnd || blob.Length > Array.MaxLength)
        {
            throw Damage.At(recordOffset, $"a set of pages of {blob.Length} bytes, more than the file has");
        }

        byte[] bytes = new byte[blob.Length];
        using (var stream = new BlobStream(nodes, blob, recordOffset))
        {
            stream.ReadExactly(bytes);
        }

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
}
