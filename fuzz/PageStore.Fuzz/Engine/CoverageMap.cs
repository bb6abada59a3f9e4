using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace PageStore.Fuzz;

/// <summary>
/// The edges that instrumented code takes: SharpFuzz counts each in one byte of a map of 64 KiB, as AFL does. A count is judged by its
/// bucket, so a loop that runs 5 times instead of 4 is news and one that runs 105 times instead of 104 is not.
/// </summary>
internal sealed class CoverageMap
{
    /// <summary>SharpFuzz numbers the places of the code with 16 bits.</summary>
    private const int Size = 1 << 16;

    private static readonly byte[] Buckets = MakeBuckets();

    /// <summary>Pinned and never let go of, since the instrumented code holds its bare address.</summary>
    private static readonly byte[] Hits = GC.AllocateArray<byte>(Size, pinned: true);

    /// <summary>The places of the code that were ever reached. Unlike edges they have numbers of their own, so they can be counted.</summary>
    private static readonly bool[] Reached = new bool[Size];

    private readonly byte[] _seen = new byte[Size];

    /// <summary>How many edges were ever taken.</summary>
    public int Edges { get; private set; }

    /// <summary>How many places were ever reached: function entries, targets of branches and what follows them.</summary>
    public static int Places => Reached.AsSpan().Count(true);

    /// <summary>Gives the instrumented code its map; without one its first edge would be an access violation.</summary>
    public static void Attach()
    {
        FieldInfo address = typeof(Trace).GetField(nameof(Trace.SharedMem))!;
        address.SetValue(null, Marshal.UnsafeAddrOfPinnedArrayElement(Hits, 0));
        Trace.OnBranch = static (place, _) => Reached[place] = true;
    }

    /// <summary>Forgets the hits; call it before an execution.</summary>
    public static void Clear()
    {
        Hits.AsSpan().Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>Adds the hits of one execution to what was seen, and says whether any of them was new.</summary>
    public bool Merge()
    {
        bool news = false;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(Hits);
        for (int word = 0; word < words.Length; word++)
        {
            for (ulong rest = words[word]; rest != 0;)
            {
                int at = BitOperations.TrailingZeroCount(rest) / 8;
                rest &= ~(0xFFUL << (at * 8));
                news |= Add((word * sizeof(ulong)) + at);
            }
        }

        return news;
    }

    /// <summary>The edges that the last execution took.</summary>
    public static List<int> LastEdges()
    {
        List<int> edges = [];
        for (int edge = 0; edge < Size; edge++)
        {
            if (Hits[edge] != 0)
            {
                edges.Add(edge);
            }
        }

        return edges;
    }

    private bool Add(int edge)
    {
        byte bucket = Buckets[Hits[edge]];
        if ((_seen[edge] & bucket) != 0)
        {
            return false;
        }

        Edges += _seen[edge] == 0 ? 1 : 0;
        _seen[edge] |= bucket;
        return true;
    }

    /// <summary>AFL's buckets: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more.</summary>
    private static byte[] MakeBuckets()
    {
        byte[] buckets = new byte[256];
        for (int hits = 1; hits < buckets.Length; hits++)
        {
            buckets[hits] = hits switch
            {
                <= 3 => (byte)(1 << (hits - 1)),
                < 8 => 8,
                < 16 => 16,
                < 32 => 32,
                < 128 => 64,
                _ => 128,
            };
        }

        return buckets;
    }
}
