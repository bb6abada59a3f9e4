namespace PageStore;

/// <summary>Packs and unpacks single pages. Implementations are stateless and thread-safe, and allocate nothing per page.</summary>
public interface IPageCodec
{
    /// <summary>The name users choose it by, for instance <c>lz4</c>.</summary>
    string Name { get; }

    /// <summary>Packs <paramref name="source"/> if the result fits into <paramref name="destination"/>.</summary>
    /// <param name="source">The plain bytes, at most 65536.</param>
    /// <param name="destination">Where the packed bytes go; its length is the most that packing is worth.</param>
    /// <param name="written">How many bytes were written, 0 if it did not fit.</param>
    /// <returns>Whether it fitted.</returns>
    bool TryPack(ReadOnlySpan<byte> source, Span<byte> destination, out int written);

    /// <summary>
    /// Unpacks <paramref name="source"/>, which may be hostile, into exactly <paramref name="destination"/>.
    /// </summary>
    /// <param name="source">The packed bytes.</param>
    /// <param name="destination">Receives the plain bytes: exactly as many as were packed.</param>
    /// <returns>False if the packed bytes do not yield exactly that many; the destination is then unspecified.</returns>
    bool TryUnpack(ReadOnlySpan<byte> source, Span<byte> destination);
}
