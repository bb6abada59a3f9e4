using System.Buffers;

namespace PageStore.Checkpoint;

/// <summary>The sets W and R of an epoch, as encoded bitmaps in byte strings.</summary>
internal static class EpochSets
{
    /// <summary>
    /// The most that an encoded set may have, by its bits: a bitmap that is worst in every way takes an eighth of a byte a bit and a
    /// few bytes a chunk; anything above is not a set that this library wrote.
    /// </summary>
    private static long MaxBytes(long bits) => (bits / 4) + 4096;

    public static BlobRef Write(BlobWriter blobs, SegmentAppender index, PageBitmap set)
    {
        var buffer = new ArrayBufferWriter<byte>();
        PageBitmapCodec.Encode(set, buffer);
        return blobs.Write(new MemoryStream(buffer.WrittenSpan.ToArray()), index);
    }

    public static PageBitmap Read(NodeReader nodes, BlobRef blob, long pageCount, long expectedCount, long recordOffset)
    {
        if (blob.Length > MaxBytes(pageCount))
        {
            throw Damage.At(recordOffset, $"a set of {pageCount} pages that takes {blob.Length} bytes");
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
