using K4os.Compression.LZ4;

namespace PageStore;

/// <summary>The codecs for single pages that are always there.</summary>
public static class PageCodecs
{
    /// <summary>Keeps pages as they are: never packs.</summary>
    public static IPageCodec None { get; } = new NoCodec();

    /// <summary>LZ4 blocks at the fastest level, by the managed K4os.Compression.LZ4.</summary>
    public static IPageCodec Lz4 { get; } = new Lz4PageCodec();

    private sealed class NoCodec : IPageCodec
    {
        public string Name => "none";

        public bool TryPack(ReadOnlySpan<byte> source, Span<byte> destination, out int written)
        {
            written = 0;
            return false;
        }

        public bool TryUnpack(ReadOnlySpan<byte> source, Span<byte> destination) => source.TryCopyTo(destination) && source.Length == destination.Length;
    }

    private sealed class Lz4PageCodec : IPageCodec
    {
        public string Name => "lz4";

        public bool TryPack(ReadOnlySpan<byte> source, Span<byte> destination, out int written)
        {
            int packed = LZ4Codec.Encode(source, destination, LZ4Level.L00_FAST);
            written = Math.Max(packed, 0);
            return packed > 0;
        }

        public bool TryUnpack(ReadOnlySpan<byte> source, Span<byte> destination)
        {
            // The decoder takes a match at distance 0, which the format forbids, for a copy of what the destination holds already:
            // hostile bytes could so have old content of a pooled buffer handed out.
            destination.Clear();
            return LZ4Codec.Decode(source, destination) == destination.Length;
        }
    }
}
