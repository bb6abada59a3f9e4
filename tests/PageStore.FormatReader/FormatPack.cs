namespace PageStore.FormatReader;

/// <summary>docs/format.md, "Resume packs".</summary>
internal static class FormatPack
{
    private const int EntrySize = 24;
    private const int FirstExtent = 56;

    public static List<(long Pfn, FormatPage Page)> Read(FormatFile file, ReadOnlySpan<byte> body, long pageCount)
    {
        long pages = Bytes.Count(body, 8, "pack: number of pages");
        BrokenFormatException.Unless(body.Length >= FirstExtent && Bytes.AllZero(body[4..8]) && Bytes.AllZero(body[52..56]), "pack: size or reserved bytes");
        BrokenFormatException.Unless(body.Length == FirstExtent + (16L * Bytes.U32(body, 48)), "pack: number of extents");
        byte[] plan = file.ReadBlob(body.Slice(16, 32));
        BrokenFormatException.Unless(plan.Length == pages * EntrySize && pages > 0, "pack: length of the plan");
        List<(long, FormatPage)> content = [];
        long expected = -1;
        int extent = FirstExtent;
        for (int at = 0; at < plan.Length; at += EntrySize)
        {
            long pfn = Bytes.Count(plan, at, "pack: page");
            FormatEntry entry = FormatEntry.Read(plan, at + 8);
            BrokenFormatException.Unless(pfn < pageCount, "pack: a page outside the guest");
            FormatTree.CheckPage(entry);
            if (entry.Kind is FormatKind.Raw or FormatKind.Lz4)
            {
                if (expected < 0)
                {
                    BrokenFormatException.Unless(extent < body.Length, "pack: a block behind its extents");
                    expected = Bytes.I64(body, extent);
                    long length = Bytes.I64(body, extent + 8);
                    BrokenFormatException.Unless(length % 16 == 0, "pack: length of an extent");
                    file.CheckExtent(expected, length);
                }

                BrokenFormatException.Unless(entry.Location == expected, $"pack: a gap before the block at {entry.Location}");
                expected += file.StoredBytes(entry);
                long end = Bytes.I64(body, extent) + Bytes.I64(body, extent + 8);
                BrokenFormatException.Unless(expected <= end, "pack: a block crosses the end of its extent");
                (expected, extent) = expected == end ? (-1, extent + 16) : (expected, extent);
            }

            content.Add((pfn, new FormatPage(entry.Kind, entry.PageType, file.ReadContent(entry, file.Header.PageSize, pfn, isPack: true))));
        }

        BrokenFormatException.Unless(extent == body.Length && expected < 0, "pack: more extents than blocks");
        return content;
    }
}
