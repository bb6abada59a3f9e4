namespace PageStore.FormatReader;

/// <summary>
/// Unpacks one LZ4 block, as the LZ4 block format describes it: sequences of a token, literals, and a match of at least four bytes
/// up to 65535 bytes back; the last sequence has literals only.
/// </summary>
public static class Lz4Block
{
    private const int MinMatch = 4;

    /// <summary>Unpacks to exactly <paramref name="length"/> bytes.</summary>
    public static byte[] Unpack(ReadOnlySpan<byte> source, int length)
    {
        byte[] result = new byte[length];
        int read = 0;
        int written = 0;
        while (true)
        {
            byte token = Next(source, ref read);
            int literals = ReadLength(source, ref read, token >> 4);
            BrokenFormatException.Unless(literals <= source.Length - read && literals <= length - written, "LZ4: literals behind the end");
            source.Slice(read, literals).CopyTo(result.AsSpan(written));
            read += literals;
            written += literals;
            if (read == source.Length)
            {
                BrokenFormatException.Unless(written == length, $"LZ4: {written} bytes instead of {length}");
                return result;
            }

            int back = Next(source, ref read) | (Next(source, ref read) << 8);
            int match = ReadLength(source, ref read, token & 15) + MinMatch;
            BrokenFormatException.Unless(back > 0 && back <= written && match <= length - written, "LZ4: a match outside the content");
            for (int i = 0; i < match; i++, written++)
            {
                result[written] = result[written - back];
            }
        }
    }

    private static int ReadLength(ReadOnlySpan<byte> source, ref int read, int length)
    {
        if (length < 15)
        {
            return length;
        }

        byte more;
        do
        {
            more = Next(source, ref read);
            length += more;
        }
        while (more == 255);
        return length;
    }

    private static byte Next(ReadOnlySpan<byte> source, ref int read)
    {
        BrokenFormatException.Unless(read < source.Length, "LZ4: cut off");
        return source[read++];
    }
}
