using System.Buffers.Binary;
using PageStore.Checkpoint;

namespace PageStore.Integration.Tests;

/// <summary>A checkpoint of which each page can be told from its number: a page of random bytes, or one that compresses.</summary>
internal static class KnownGuest
{
    internal const int Pages = 1000;

    /// <summary>Half of the pages is stored raw, so that reads of all sizes and alignments happen; small segments mix pages and index.</summary>
    internal static void Write(string path)
    {
        using CheckpointWriter writer = CheckpointWriter.Create(path, new CheckpointWriterOptions { SegmentSize = 1 << 16, Codec = PageCodecs.Lz4 });
        using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { PageCount = Pages });
        byte[] page = new byte[PageSizes.Default];
        for (int number = 0; number < Pages; number++)
        {
            Fill(page, number);
            builder.WritePages(new Pfn(number), page);
        }

        builder.Commit();
    }

    internal static void Fill(Span<byte> page, int number)
    {
        page.Fill((byte)number);
        new Random(number).NextBytes(number % 2 == 0 ? page : page[..200]);
        BinaryPrimitives.WriteInt32LittleEndian(page, number);
    }
}
