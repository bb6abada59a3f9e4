using System.Buffers.Binary;

namespace PageStore.Fuzz;

/// <summary>
/// The way of a page into the file and back: classified, packed, appended, read again. The input: room for the packed bytes (2), the
/// page size and its codec (1), and the content, which is packed by itself in any length, and repeated to fill a page.
/// </summary>
internal sealed class CodecTarget : IFuzzTarget
{
    private const int HeadLength = 3;

    /// <summary>More than the 32 bytes that fast LZ4 encoders are known to write too far.</summary>
    private const int Guard = 64;

    private const byte GuardByte = 0xA5;

    private readonly byte[] _packed = new byte[Guard + (1 << 16) + Guard];
    private readonly byte[] _plain = new byte[Guard + (1 << 16) + Guard];
    private readonly byte[] _page = new byte[1 << 16];
    private readonly PackedPage _way = new();

    public string Name => "codec";

    public int MaxLength => 8192;

    public void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length <= HeadLength)
        {
            return;
        }

        ReadOnlySpan<byte> content = input[HeadLength..Math.Min(input.Length, MaxLength)];
        int room = BinaryPrimitives.ReadUInt16LittleEndian(input);
        PackAndUnpack(PageCodecs.Lz4, content, room);
        PackAndUnpack(PageCodecs.None, content, room);
        Span<byte> page = _page.AsSpan(0, PageSizes.Default << (input[2] % 5));
        Repeat(content, page);
        CheckClass(page);
        _way.Check(page, (input[2] & 0x80) == 0 ? PageCodecs.Lz4 : PageCodecs.None, _plain.AsSpan(0, page.Length));
    }

    public IEnumerable<(string Name, byte[] Input)> Seeds()
    {
        byte[] random = new byte[600];
        new Random(1).NextBytes(random);
        yield return ("seed-zeros", [0, 16, 0, .. new byte[64]]);
        yield return ("seed-word", [0, 16, 1, .. "12345678"u8]);
        yield return ("seed-text", [0, 16, 0, .. "a page of text, a page of text"u8]);
        yield return ("seed-random", [0, 16, 0, .. random]);
        yield return ("seed-page", [0, 14, 0, .. Enumerable.Range(0, 4096).Select(i => (byte)(i / 16 * (i % 16)))]);
        yield return ("seed-large", [255, 255, 4, .. random, .. new byte[300]]);
        yield return ("seed-plain", [16, 0, 0x80, .. random]);
        yield return ("seed-tight", [20, 0, 0, .. new byte[2000]]);
    }

    public byte[] Mutate(byte[] input, byte[] other, Random random) => ByteMutator.Mutate(input, other, random, MaxLength);

    private static void Repeat(ReadOnlySpan<byte> content, Span<byte> page)
    {
        for (int at = 0; at < page.Length; at += content.Length)
        {
            content[..Math.Min(content.Length, page.Length - at)].CopyTo(page[at..]);
        }
    }

    private void PackAndUnpack(IPageCodec codec, ReadOnlySpan<byte> content, int room)
    {
        _packed.AsSpan().Fill(GuardByte);
        bool packs = codec.TryPack(content, _packed.AsSpan(Guard, room), out int written);
        ThrowUnlessGuarded(_packed, room, "packing");
        BrokenPromiseException.Unless(packs ? written > 0 && written <= room : written == 0, "the packed bytes fit, or there are none");
        if (packs)
        {
            Unpack(codec, _packed.AsSpan(Guard, written), content);
        }
    }

    /// <summary>Unpacks to what was packed, and to nothing shorter or longer.</summary>
    private void Unpack(IPageCodec codec, ReadOnlySpan<byte> packed, ReadOnlySpan<byte> content)
    {
        for (int length = content.Length - 1; length <= content.Length + 1; length++)
        {
            _plain.AsSpan().Fill(GuardByte);
            bool unpacks = codec.TryUnpack(packed, _plain.AsSpan(Guard, length));
            ThrowUnlessGuarded(_plain, length, "unpacking");
            BrokenPromiseException.Unless(unpacks == (length == content.Length), "what was packed unpacks to its own length alone");
            BrokenPromiseException.Unless(!unpacks || content.SequenceEqual(_plain.AsSpan(Guard, length)), "what was packed unpacks to the same");
        }
    }

    private static void ThrowUnlessGuarded(ReadOnlySpan<byte> buffer, int length, string action) => BrokenPromiseException.Unless(
        !buffer[..Guard].ContainsAnyExcept(GuardByte) && !buffer[(Guard + length)..].ContainsAnyExcept(GuardByte), action + " writes nothing outside the destination");

    private static void CheckClass(ReadOnlySpan<byte> page)
    {
        PageClass found = PageClassifier.Classify(page, out ulong word);
        bool repeats = true;
        for (int at = 0; at < page.Length && repeats; at++)
        {
            repeats = page[at] == page[at % sizeof(ulong)];
        }

        PageClass right = !page.ContainsAnyExcept((byte)0) ? PageClass.Zero : repeats ? PageClass.Repeated : PageClass.Data;
        BrokenPromiseException.Unless(found == right, "a page has the class that a slow look gives it");
        BrokenPromiseException.Unless(word == (right == PageClass.Repeated ? BinaryPrimitives.ReadUInt64LittleEndian(page) : 0), "the word of a page is the one that it repeats");
    }
}
