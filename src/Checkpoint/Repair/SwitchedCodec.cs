namespace PageStore.Checkpoint;

/// <summary>LZ4 that can be switched off, so that what was stored plain stays plain: it can be mapped, and costs no decoding.</summary>
internal sealed class SwitchedCodec : IPageCodec
{
    public string Name => PageCodecs.Lz4.Name;

    /// <summary>Whether to pack what comes next.</summary>
    public bool On { get; set; }

    public bool TryPack(ReadOnlySpan<byte> plain, Span<byte> packed, out int written)
    {
        written = 0;
        return On && PageCodecs.Lz4.TryPack(plain, packed, out written);
    }

    public bool TryUnpack(ReadOnlySpan<byte> packed, Span<byte> plain) => PageCodecs.Lz4.TryUnpack(packed, plain);
}
