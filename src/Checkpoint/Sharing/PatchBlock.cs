using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PageStore.Checkpoint;

/// <summary>The block of a patched page: what of it differs from a page that is stored whole. docs/format.md, "Patched pages".</summary>
internal static class PatchBlock
{
    /// <summary>The base entry, the length, method and block size, and the check.</summary>
    public const int HeadSize = 24;

    /// <summary>The smallest blocks: a line of the cache. XORed ones save nothing by being smaller, see docs/benchmarks.md.</summary>
    public const int MinShift = 6;

    public const int MaxShift = 12;

    private const int LengthOffset = 16;
    private const int MethodOffset = 18;
    private const int ShiftOffset = 19;
    private const int CheckOffset = 20;

    /// <summary>The most bytes that the mask of a page can take: one bit for each 64 bytes of 64 KiB.</summary>
    private const int MaxMask = 65536 >> (MinShift + 3);

    /// <summary>How the changed blocks, XORed with those of the base, stand behind the mask.</summary>
    public enum Method : byte
    {
        Lz4 = 1,
        Stored = 2,
    }

    /// <summary>How many bytes the mask has.</summary>
    public static int MaskBytes(int pageSize, int shift) => ((pageSize >> shift) + 7) / 8;

    /// <summary>Writes the head; mask and content stand behind it already.</summary>
    /// <param name="block">The block.</param>
    /// <param name="baseEntry">The base, without a page type.</param>
    /// <param name="length">How many bytes mask and content have.</param>
    /// <param name="method">How the content stands there.</param>
    /// <param name="shift">The size of its blocks.</param>
    public static void WriteHead(Span<byte> block, Entry baseEntry, int length, Method method, int shift)
    {
        baseEntry.Write(block);
        BinaryPrimitives.WriteUInt16LittleEndian(block[LengthOffset..], (ushort)length);
        block[MethodOffset] = (byte)method;
        block[ShiftOffset] = (byte)shift;
        BinaryPrimitives.WriteUInt32LittleEndian(block[CheckOffset..], CheckOf(block));
    }

    /// <summary>Reads which page a patch is against.</summary>
    /// <param name="block">The plain block.</param>
    /// <param name="offset">Where it is, for messages.</param>
    /// <exception cref="CorruptDataException">The head is damaged.</exception>
    public static Entry ReadBase(ReadOnlySpan<byte> block, long offset)
    {
        if (block.Length < HeadSize || BinaryPrimitives.ReadUInt32LittleEndian(block[CheckOffset..]) != CheckOf(block))
        {
            throw Damage.At(offset, "the head of a patch does not match its check");
        }

        var baseEntry = Entry.Read(block);
        return EntryRules.CheckBase(baseEntry) is { } wrong ? throw Damage.At(offset, "a patch is against " + wrong) : baseEntry;
    }

    /// <summary>The bytes of the block that are neither head, mask nor content, and must be zero.</summary>
    public static ReadOnlySpan<byte> PaddingOf(ReadOnlySpan<byte> block) =>
        block[Math.Min(block.Length, HeadSize + BinaryPrimitives.ReadUInt16LittleEndian(block[LengthOffset..]))..];

    /// <summary>Turns the base's content into the page's.</summary>
    /// <param name="block">The plain block, whose head <see cref="ReadBase"/> has checked.</param>
    /// <param name="page">The base's content.</param>
    /// <param name="scratch">At least as long.</param>
    /// <returns>False if the patch makes no sense; the page is then neither.</returns>
    public static bool TryApply(ReadOnlySpan<byte> block, Span<byte> page, Span<byte> scratch)
    {
        int length = BinaryPrimitives.ReadUInt16LittleEndian(block[LengthOffset..]);
        int shift = block[ShiftOffset];
        if (shift is < MinShift or > MaxShift || page.Length >> shift == 0 || length > block.Length - HeadSize || length < MaskBytes(page.Length, shift))
        {
            return false;
        }

        ReadOnlySpan<byte> body = block.Slice(HeadSize, length);
        Span<byte> mask = stackalloc byte[MaxMask];
        mask = mask[..MaskBytes(page.Length, shift)];
        body[..mask.Length].CopyTo(mask);
        int changed = CountBits(mask) << shift;
        Span<byte> content = scratch[..Math.Min(changed, page.Length)];
        return changed > 0 && changed <= page.Length && !HasBitBehind(mask, page.Length >> shift)
            && TryUnpack((Method)block[MethodOffset], body[mask.Length..], content) && Flip(mask, shift, content, page);
    }

    /// <summary>XORs bytes, a multiple of 64 of them; the destination may be one of the sources.</summary>
    public static void Xor(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, Span<byte> destination)
    {
        ReadOnlySpan<Vector512<byte>> first = MemoryMarshal.Cast<byte, Vector512<byte>>(a);
        ReadOnlySpan<Vector512<byte>> second = MemoryMarshal.Cast<byte, Vector512<byte>>(b);
        Span<Vector512<byte>> result = MemoryMarshal.Cast<byte, Vector512<byte>>(destination);
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = first[i] ^ second[i];
        }
    }

    private static bool TryUnpack(Method method, ReadOnlySpan<byte> packed, Span<byte> content) => method switch
    {
        Method.Lz4 => PageCodecs.Lz4.TryUnpack(packed, content),
        Method.Stored => packed.Length == content.Length && packed.TryCopyTo(content),
        _ => false,
    };

    private static bool Flip(ReadOnlySpan<byte> mask, int shift, ReadOnlySpan<byte> content, Span<byte> page)
    {
        int size = 1 << shift;
        for (int i = 0; i < mask.Length; i++)
        {
            for (uint bits = mask[i]; bits != 0; bits &= bits - 1)
            {
                Span<byte> block = page.Slice(((8 * i) + BitOperations.TrailingZeroCount(bits)) << shift, size);
                Xor(block, content[..size], block);
                content = content[size..];
            }
        }

        return true;
    }

    private static int CountBits(ReadOnlySpan<byte> mask)
    {
        int count = 0;
        foreach (byte bits in mask)
        {
            count += BitOperations.PopCount(bits);
        }

        return count;
    }

    /// <summary>A page of fewer than eight blocks leaves bits of the mask over.</summary>
    private static bool HasBitBehind(ReadOnlySpan<byte> mask, int blocks) => blocks % 8 != 0 && mask[^1] >> (blocks % 8) != 0;

    /// <summary>The head decides which other block is kept or freed, before any content is read: so it has a check of its own.</summary>
    private static uint CheckOf(ReadOnlySpan<byte> block) => (uint)ContentSum.Of(block[..CheckOffset]).Value;
}
