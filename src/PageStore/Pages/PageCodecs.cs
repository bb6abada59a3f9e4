using K4os.Compression.LZ4;

namespace PageStore;

/// <summary>The codecs for single pages that are always there.</summary>
public static class PageCodecs
{
    /// <summary>Keeps pages as they are: never packs.</summary>
    public static IPageCodec None { get; } = new NoCodec();

    /// <summary>LZ4 blocks at the fastest level, by the managed K4os.Compression.LZ4.</summary>
    public static IPageCodec ManagedLz4 { get; } = new Lz4PageCodec("lz4", LZ4Level.L00_FAST);

    private static IPageCodec _lz4 = ManagedLz4;

    /// <summary>
    /// LZ4 blocks by the engine of this process: what <see cref="UseLz4"/> was given last, <see cref="ManagedLz4"/> until then. Files are read
    /// with it, whatever engine wrote them.
    /// </summary>
    public static IPageCodec Lz4 => Volatile.Read(ref _lz4);

    /// <summary>
    /// Chooses the engine of this process, for what is packed and unpacked from now on, in files that are open as well. To be called at start.
    /// Thread-safe.
    /// </summary>
    /// <param name="engine">Reads and writes plain LZ4 blocks and is named <c>lz4</c>, as PageStore.Native's NativePageCodec; or <see cref="ManagedLz4"/>.</param>
    /// <exception cref="ArgumentException">It is called something else.</exception>
    public static void UseLz4(IPageCodec engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        if (engine.Name != ManagedLz4.Name)
        {
            throw new ArgumentException($"The codec {engine.Name} does not write LZ4 blocks.", nameof(engine));
        }

        Volatile.Write(ref _lz4, engine);
    }

    /// <summary>
    /// The same blocks at the first level of its thorough search, by the managed K4os.Compression.LZ4: some 7 % smaller for pages of real guests, and five times slower to make
    /// (docs/benchmarks.md). They are read as quickly.
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

        public override string ToString() => "K4os.Compression.LZ4";
    }
}
