using System.Buffers.Binary;
using System.Text;

namespace PageStore.Native.Tests;

/// <summary>Pages as guests have them, and blocks as nobody should have them, out of a seed.</summary>
internal static class CodecSample
{
    private static readonly int[] Sizes = [4096, 4096, 4096, 8192, 16384, 65536];

    private static readonly string[] Words = ["page", "epoch", "guest", "frame", "0x7fff", "ffff8880", "of", "GET /index.html", "error", "\n"];

    /// <summary>A page: random, text, an array of structs, zeros with a few bytes in them, runs, or a bit of each.</summary>
    public static byte[] Page(int seed)
    {
        var random = new Random(seed);
        byte[] page = new byte[Sizes[random.Next(Sizes.Length)]];
        switch (random.Next(7))
        {
            case 0:
                random.NextBytes(page);
                break;
            case 1:
                Text(page, random);
                break;
            case 2:
                Structs(page, random);
                break;
            case 3:
                Sprinkle(page, random, random.Next(1, 40));
                break;
            case 4:
                Runs(page, random);
                break;
            case 5:
                page.AsSpan().Fill((byte)random.Next(256));
                break;
            default:
                random.NextBytes(page.AsSpan(0, random.Next(page.Length)));
                Text(page.AsSpan(page.Length / 2), random);
                break;
        }

        return page;
    }

    /// <summary>The same bytes, damaged: cut off, longer, with bits turned over, bytes replaced, or random altogether.</summary>
    public static byte[] Damaged(byte[] block, Random random)
    {
        byte[] damaged = [.. block];
        switch (random.Next(6))
        {
            case 0:
                return damaged[..random.Next(damaged.Length)];
            case 1:
                byte[] more = new byte[random.Next(1, 40)];
                random.NextBytes(more);
                return [.. damaged, .. more];
            case 2:
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
                return damaged;
            case 3:
                Sprinkle(damaged, random, random.Next(1, 10));
                return damaged;
            case 4:
                // Long lengths: what is added up must not run over.
                damaged.AsSpan(random.Next(damaged.Length)).Fill(byte.MaxValue);
                return damaged;
            default:
                random.NextBytes(damaged);
                return damaged;
        }
    }

    private static void Text(Span<byte> page, Random random)
    {
        int at = 0;
        while (at < page.Length)
        {
            byte[] word = Encoding.ASCII.GetBytes(Words[random.Next(Words.Length)] + ' ');
            int length = Math.Min(word.Length, page.Length - at);
            word.AsSpan(0, length).CopyTo(page[at..]);
            at += length;
        }
    }

    private static void Structs(Span<byte> page, Random random)
    {
        ulong address = 0xffff888000000000 + ((ulong)random.Next() << 12);
        for (int at = 0; at < page.Length; at += 64)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page[at..], address + (ulong)at);
            BinaryPrimitives.WriteUInt64LittleEndian(page[(at + 8)..], address + (ulong)(random.Next(64) * 64));
            BinaryPrimitives.WriteInt32LittleEndian(page[(at + 40)..], random.Next(4));
        }
    }

    private static void Sprinkle(Span<byte> page, Random random, int count)
    {
        for (int i = 0; i < count; i++)
        {
            page[random.Next(page.Length)] = (byte)random.Next(256);
        }
    }

    private static void Runs(Span<byte> page, Random random)
    {
        while (!page.IsEmpty)
        {
            int length = Math.Min(random.Next(1, 700), page.Length);
            page[..length].Fill((byte)random.Next(4));
            page = page[length..];
        }
    }
}
