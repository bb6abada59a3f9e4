using K4os.Compression.LZ4;

namespace PageStore;

/// <summary>The codecs for single pages that are always there.</summary>
public static class PageCodecs
{
    /// <summary>Keeps pages as they are: never packs.</summary>
    public static IPageCodec None { get; } = new NoCodec();

    /// <summary>LZ4 blocks at the fastest level, by the managed K4os.Compression.LZ4.</summary>
    public static IPageCodec Lz4 { get; } = new Lz4PageCodec("lz4", LZ4Level.L00_FAST);

    /// <summary>
    /// The same blocks at the first level of its thorough search: some 7 % smaller for pages of real guests, and five times slower to make (docs/benchmarks.md). They are read as quickly.
    /// </summary>
    public static IPageCodec Lz4High { get; } = new Lz4PageCodec("lz4hc", LZ4Level.L03_HC);

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

    private sealed class Lz4PageCodec(string name, LZ4Level level) : IPageCodec
    {
        public string Name => name;

        public bool TryPack(ReadOnlySpan<byte> source, Span<byte> destination, out int written)
        {
            int packed = LZ4Codec.Encode(source, destination, level);
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
