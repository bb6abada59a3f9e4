
namespace PageStore.Checkpoint;

/// <summary>Writes byte strings as trees of chunks: docs/format.md, "Byte strings". For one thread.</summary>
internal sealed class BlobWriter(TreeWriter trees, BlockAppender blocks, IPageCodec codec)
{
    /// <summary>Chunk entries between two updates of the tree: 64 MiB of content, 32 KiB of entries.</summary>
    private const int Batch = 1024;

    private readonly byte[] _chunk = new byte[Layout.ChunkSize];
    private readonly byte[] _scratch = new byte[Layout.ChunkSize];
    private readonly LeafChange[] _changes = new LeafChange[Batch];

    /// <summary>Writes all that <paramref name="content"/> yields.</summary>
    /// <param name="content">Read from its position to its end.</param>
    /// <param name="target">The class of segment that takes the chunks.</param>
    public BlobRef Write(Stream content, SegmentAppender target)
    {
        TreeRoot root = default;
        long length = 0;
        int pending = 0;
        int read;
        while ((read = content.ReadAtLeast(_chunk, _chunk.Length, throwOnEndOfStream: false)) > 0)
        {
            _changes[pending++] = new LeafChange(length / Layout.ChunkSize, 0, WriteChunk(_chunk.AsSpan(0, read), target));
            length += read;
            if (pending == Batch)
            {
                root = Apply(root, length, pending);
                pending = 0;
            }
        }

        return length == 0 ? default : new BlobRef(Apply(root, length, pending), length);
    }

    private TreeRoot Apply(TreeRoot root, long length, int pending) =>
        trees.Apply(root, TreeKind.Blob, TreeRoot.HeightFor(BlobRef.ChunkCount(length)), _changes.AsSpan(0, pending));

    private Entry WriteChunk(ReadOnlySpan<byte> chunk, SegmentAppender target)
    {
        Entry? packed = PageEncoder.TryPack(chunk, codec, blocks, target, GuestPageType.Normal, SealedBlock.NoPage, _scratch);
        if (packed is { } entry)
        {
            return entry;
        }

        int stored = Layout.RoundToUnit(chunk.Length);
        Span<byte> block = blocks.Begin(target, stored);
        chunk.CopyTo(block);
        block[chunk.Length..].Clear();
        return blocks.End(EntryKind.Raw, ContentSum.Of(chunk));
    }
}
