namespace PageStore.Native.Tests;

/// <summary>
/// LZ4 blocks byte by byte, as lz4_Block_format.md describes them. It is stricter than the engines only in that a match at distance 0 is
/// refused: of what the engines make of that nothing is expected but that both are safe.
/// </summary>
internal static class BlockOracle
{
    private const int LeastMatch = 4;

    /// <summary>The plain bytes; null if the block is none of so many bytes.</summary>
    /// <param name="block">The block.</param>
    /// <param name="length">How many plain bytes there must be.</param>
    /// <param name="hasZeroDistance">Whether that is because of a match at distance 0.</param>
    public static byte[]? Unpack(ReadOnlySpan<byte> block, int length, out bool hasZeroDistance)
    {
        var plain = new List<byte>(length);
        int at = 0;
        hasZeroDistance = false;
        while (at < block.Length)
        {
            int token = block[at++];
            if (!TryLength(block, ref at, token >> 4, out int literals) || literals > block.Length - at || literals > length - plain.Count)
            {
                return null;
            }

            plain.AddRange(block.Slice(at, literals));
            at += literals;
            if (at == block.Length)
            {
                return plain.Count == length ? [.. plain] : null;
            }

            if (block.Length - at < 2)
            {
                return null;
            }

            int distance = block[at] | (block[at + 1] << 8);
            at += 2;
            if (!TryLength(block, ref at, token & 15, out int match) || distance > plain.Count || match + LeastMatch > length - plain.Count)
            {
                return null;
            }

            if (distance == 0)
            {
                hasZeroDistance = true;
                return null;
            }

            for (int i = 0; i < match + LeastMatch; i++)
            {
                plain.Add(plain[^distance]);
            }
        }

        return null;
    }

    private static bool TryLength(ReadOnlySpan<byte> block, ref int at, int nibble, out int length)
    {
        length = nibble;
        if (nibble < 15)
        {
            return true;
        }

        while (at < block.Length)
        {
            byte more = block[at++];
            length += more;
            if (more < byte.MaxValue)
            {
                return true;
            }
        }

        return false;
    }
}
