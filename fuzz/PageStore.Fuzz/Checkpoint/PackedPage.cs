using System.Buffers.Binary;
using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>One page on its way through the encoder into a segment, and back. It is read before it is written: nothing reaches a medium.</summary>
internal sealed class PackedPage
{
    private const int SegmentSize = 1 << Layout.MinSegmentShift;

    private readonly SegmentAllocator _segments = new(SegmentSize);
    private readonly SegmentAppender _raw;
    private readonly SegmentAppender _packed;
    private readonly BlockReader _blocks;
    private readonly Dictionary<IPageCodec, PageEncoder> _encoders = [];

    public PackedPage()
    {
        var storage = new PagedStorage(0);
        var writer = new WriteBehind(storage);
        _raw = new SegmentAppender(SegmentClass.Raw, _segments, writer);
        _packed = new SegmentAppender(SegmentClass.Packed, _segments, writer);
        _blocks = new BlockReader(storage, SegmentSize, long.MaxValue, [_raw, _packed]);
        foreach (IPageCodec codec in (IPageCodec[])[PageCodecs.Lz4, PageCodecs.None])
        {
            _encoders.Add(codec, new PageEncoder(new BlockAppender(null), _raw, _packed, codec));
        }
    }

    /// <summary>Stores a page and reads it again.</summary>
    /// <param name="page">A whole page.</param>
    /// <param name="codec">Packs it: one of <see cref="PageCodecs"/>.</param>
    /// <param name="again">Receives what was read; as long as the page.</param>
    public void Check(ReadOnlySpan<byte> page, IPageCodec codec, Span<byte> again)
    {
        _segments.Forget(default, Layout.SegmentsOffset);
        _raw.ResetTo(0);
        _packed.ResetTo(0);
        Entry entry = _encoders[codec].Encode(new Pfn(1), page, GuestPageType.Normal);
        again.Fill(0xA5);
        _blocks.ReadContent(entry, again, 1);
        BrokenPromiseException.Unless(page.SequenceEqual(again), "a page reads as it was written");
        if (entry.Kind == EntryKind.Lz4)
        {
            CheckPacked(entry, page.Length);
        }
    }

    private void CheckPacked(Entry entry, int pageSize)
    {
        byte[] stored = new byte[entry.StoredBytes];
        _blocks.ReadRange(entry.Offset, stored);
        int length = BinaryPrimitives.ReadUInt16LittleEndian(stored);
        BrokenPromiseException.Unless(Layout.RoundToUnit(sizeof(ushort) + length) == stored.Length, "a packed block has no more units than it takes");
        BrokenPromiseException.Unless(!stored.AsSpan(sizeof(ushort) + length).ContainsAnyExcept((byte)0), "padding is zero");
        BrokenPromiseException.Unless(stored.Length <= pageSize - (pageSize >> 3), "a packed page saves an eighth");
    }
}
