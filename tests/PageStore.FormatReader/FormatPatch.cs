namespace PageStore.FormatReader;

/// <summary>docs/format.md, "Patched pages".</summary>
internal static class FormatPatch
{
    private const int HeadSize = 24;

    public static byte[] Apply(ReadOnlySpan<byte> block, Func<FormatEntry, byte[]> read)
    {
        BrokenFormatException.Unless(Bytes.U32(block, 20) == (uint)Bytes.Sum(block[..20]), "patch: check");
        FormatEntry basis = FormatEntry.Read(block, 0);
        BrokenFormatException.Unless(basis.Kind is FormatKind.Raw or FormatKind.Lz4 or FormatKind.Shared && basis.PageType == 0, "patch: base");
        byte[] page = read(basis);
        int length = Bytes.U16(block, 16);
        int shift = block[19];
        BrokenFormatException.Unless(shift is >= 6 and <= 12 && HeadSize + length <= block.Length, "patch: block size or length");
        BrokenFormatException.Unless(block.Length - HeadSize - length < 16 && Bytes.AllZero(block[(HeadSize + length)..]), "patch: padding");
        int blocks = page.Length >> shift;
        int maskBytes = (blocks + 7) / 8;
        ReadOnlySpan<byte> mask = block.Slice(HeadSize, maskBytes);
        List<int> changed = [];
        for (int bit = 0; bit < 8 * maskBytes; bit++)
        {
            if ((mask[bit / 8] >> (bit % 8) & 1) != 0)
            {
                BrokenFormatException.Unless(bit < blocks, "patch: a bit behind the last block");
                changed.Add(bit);
            }
        }

        BrokenFormatException.Unless(changed.Count > 0, "patch: nothing changed");
        ReadOnlySpan<byte> packed = block.Slice(HeadSize + maskBytes, length - maskBytes);
        byte[] content = block[18] switch
        {
            1 => Lz4Block.Unpack(packed, changed.Count << shift),
            2 => packed.ToArray(),
            _ => throw new BrokenFormatException("patch: method"),
        };
        BrokenFormatException.Unless(content.Length == changed.Count << shift, "patch: length of its content");
        for (int i = 0; i < changed.Count; i++)
        {
            for (int at = 0; at < 1 << shift; at++)
            {
                page[(changed[i] << shift) + at] ^= content[(i << shift) + at];
            }
        }

        return page;
    }
}
