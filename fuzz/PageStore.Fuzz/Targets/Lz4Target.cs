using System.Buffers.Binary;

namespace PageStore.Fuzz;

/// <summary>
/// The LZ4 decoder, which meets hostile bytes before any sum can be compared. The input: the length of the content in two bytes, less
/// one, and the packed bytes. Content and packed bytes lie between guards, which must stay as they are.
/// </summary>
internal sealed class Lz4Target : IFuzzTarget
{
    private const int HeadLength = sizeof(ushort);

    /// <summary>More than the 32 bytes that fast LZ4 decoders are known to copy too far.</summary>
    private const int Guard = 4096;

    private const byte GuardByte = 0xA5;
    private const int MaxContent = 1 << 16;

    private readonly byte[] _content = new byte[Guard + MaxContent + Guard];
    private readonly byte[] _second = new byte[MaxContent];
    private readonly byte[] _packed = new byte[Guard + MaxContent + Guard];

    public string Name => "lz4";

    public int MaxLength => 8192;

    public void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < HeadLength)
        {
            return;
        }

        int length = BinaryPrimitives.ReadUInt16LittleEndian(input) + 1;
        ReadOnlySpan<byte> packed = Guarded(input[HeadLength..Math.Min(input.Length, MaxLength)]);
        _content.AsSpan().Fill(GuardByte);
        bool unpacked = PageCodecs.Lz4.TryUnpack(packed, _content.AsSpan(Guard, length));
        BrokenPromiseException.Unless(!_content.AsSpan(0, Guard).ContainsAnyExcept(GuardByte), "nothing is written before the content");
        BrokenPromiseException.Unless(!_content.AsSpan(Guard + length).ContainsAnyExcept(GuardByte), "nothing is written behind the content");
        if (unpacked)
        {
            CheckContent(packed, length);
        }
    }

    public IEnumerable<(string Name, byte[] Input)> Seeds()
    {
        byte[] page = new byte[4096];
        yield return ("seed-zeros", Pack(page));
        for (int i = 0; i < page.Length; i++)
        {
            page[i] = (byte)(i / 16 * (i % 16));
        }

        yield return ("seed-pattern", Pack(page));
        new Random(1).NextBytes(page.AsSpan(1000, 300));
        yield return ("seed-literals", Pack(page));
        yield return ("seed-chunk", Pack([.. Enumerable.Range(0, MaxContent).Select(i => (byte)(i / 700))]));
        yield return ("seed-tiny", Pack([.. "abcabcabcabcabcabcabcabcabcabc"u8]));
    }

    public byte[] Mutate(byte[] input, byte[] other, Random random) => ByteMutator.Mutate(input, other, random, MaxLength);

    /// <summary>The same bytes must give the same content, and all of it: what was in the destination before must not show.</summary>
    private void CheckContent(ReadOnlySpan<byte> packed, int length)
    {
        Span<byte> second = _second.AsSpan(0, length);
        second.Clear();
        BrokenPromiseException.Unless(PageCodecs.Lz4.TryUnpack(packed, second), "what unpacks once unpacks again");
        BrokenPromiseException.Unless(second.SequenceEqual(_content.AsSpan(Guard, length)), "the content depends on the packed bytes alone");
    }

    private ReadOnlySpan<byte> Guarded(ReadOnlySpan<byte> packed)
    {
        _packed.AsSpan().Fill(GuardByte);
        packed.CopyTo(_packed.AsSpan(Guard));
        return _packed.AsSpan(Guard, packed.Length);
    }

    private static byte[] Pack(byte[] content)
    {
        byte[] packed = new byte[HeadLength + (content.Length * 2)];
        BinaryPrimitives.WriteUInt16LittleEndian(packed, (ushort)(content.Length - 1));
        return PageCodecs.Lz4.TryPack(content, packed.AsSpan(HeadLength), out int written)
            ? packed[..(HeadLength + written)]
            : throw new InvalidOperationException("The content of a seed does not pack.");
    }
}
