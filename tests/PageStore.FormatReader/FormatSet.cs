namespace PageStore.FormatReader;

/// <summary>docs/format.md, "Encoded bitmaps": a set of pages as its runs.</summary>
public sealed record FormatSet(long Length, IReadOnlyList<(long First, long Count)> Runs)
{
    private const int ChunkPages = 65536;

    public long Count => Runs.Sum(run => run.Count);

    /// <summary>The pages one by one.</summary>
    public IEnumerable<long> Pages() => Runs.SelectMany(run => Enumerable.Range(0, (int)run.Count).Select(i => run.First + i));

    public static FormatSet Decode(ReadOnlySpan<byte> source)
    {
        int at = 0;
        BrokenFormatException.Unless(!source.IsEmpty && source[at++] == 1, "set: version");
        long length = ReadVarint(source, ref at);
        long count = ReadVarint(source, ref at);
        BrokenFormatException.Unless(length <= 1L << 40 && count <= length, "set: length or count");
        List<(long, long)> runs = [];
        long found = 0;
        long next = 0;
        while (found < count)
        {
            long tag = ReadVarint(source, ref at);
            long chunk = next + (tag >> 2);
            BrokenFormatException.Unless(chunk * ChunkPages < length, "set: a chunk behind the end");
            int pages = (int)Math.Min(ChunkPages, length - (chunk * ChunkPages));
            foreach ((int first, int many) in ReadChunk(source, ref at, (int)(tag & 3), pages))
            {
                runs.Add(((chunk * ChunkPages) + first, many));
                found += many;
            }

            next = chunk + 1;
        }

        BrokenFormatException.Unless(found == count, "set: more pages than its count");
        BrokenFormatException.Unless(at == source.Length, "set: bytes behind the last chunk");
        return new FormatSet(length, runs);
    }

    private static List<(int First, int Count)> ReadChunk(ReadOnlySpan<byte> source, ref int at, int kind, int pages)
    {
        List<(int First, int Count)> runs = kind switch
        {
            0 => ReadRuns(source, ref at, pages),
            1 => ReadBits(source, ref at, pages),
            2 => [(0, pages)],
            _ => throw new BrokenFormatException("set: chunk kind 3"),
        };
        BrokenFormatException.Unless(runs.Count > 0 && (kind == 2 || runs[0] != (0, pages)), "set: a chunk that has a shorter form");
        return runs;
    }

    private static List<(int First, int Count)> ReadRuns(ReadOnlySpan<byte> source, ref int at, int pages)
    {
        List<(int First, int Count)> runs = [];
        long more = ReadVarint(source, ref at);
        BrokenFormatException.Unless(at < source.Length, "set: cut off");
        int gapOrder = source[at] & 15;
        int lengthOrder = source[at] >> 4;
        int bit = (at + 1) * 8;
        int end = -1;
        for (long i = 0; i <= more; i++)
        {
            int first = end + 1 + ReadGolomb(source, ref bit, gapOrder);
            int length = ReadGolomb(source, ref bit, lengthOrder) + 1;
            end = first + length;
            BrokenFormatException.Unless(end <= pages, "set: a run behind the end of its chunk");
            runs.Add((first, length));
        }

        while (bit % 8 != 0)
        {
            BrokenFormatException.Unless(!ReadBit(source, ref bit), "set: bits behind the last run");
        }

        at = bit / 8;
        return runs;
    }

    private static List<(int First, int Count)> ReadBits(ReadOnlySpan<byte> source, ref int at, int pages)
    {
        List<(int First, int Count)> runs = [];
        int bit = at * 8;
        at += (pages + 7) / 8;
        for (int page = 0; page < pages; page++)
        {
            if (!ReadBit(source, ref bit))
            {
                continue;
            }

            if (runs.Count > 0 && runs[^1].First + runs[^1].Count == page)
            {
                runs[^1] = (runs[^1].First, runs[^1].Count + 1);
            }
            else
            {
                runs.Add((page, 1));
            }
        }

        while (bit < at * 8)
        {
            BrokenFormatException.Unless(!ReadBit(source, ref bit), "set: bits behind the end");
        }

        return runs;
    }

    private static int ReadGolomb(ReadOnlySpan<byte> source, ref int bit, int order)
    {
        int bits = order;
        while (!ReadBit(source, ref bit))
        {
            bits++;
        }

        BrokenFormatException.Unless(bits <= 16, "set: a code is too long");
        int value = 1 << bits;
        for (int i = 0; i < bits; i++)
        {
            value |= ReadBit(source, ref bit) ? 1 << i : 0;
        }

        return value - (1 << order);
    }

    private static bool ReadBit(ReadOnlySpan<byte> source, ref int bit)
    {
        BrokenFormatException.Unless(bit / 8 < source.Length, "set: cut off");
        bool set = (source[bit / 8] >> (bit % 8) & 1) != 0;
        bit++;
        return set;
    }

    private static long ReadVarint(ReadOnlySpan<byte> source, ref int at)
    {
        long value = 0;
        for (int i = 0; i < 6; i++)
        {
            BrokenFormatException.Unless(at < source.Length, "set: cut off");
            byte part = source[at++];
            value |= (long)(part & 127) << (7 * i);
            if (part < 128)
            {
                BrokenFormatException.Unless(part != 0 || i == 0, "set: a number not in its shortest form");
                return value;
            }
        }

        throw new BrokenFormatException("set: a number of more than six bytes");
    }
}
