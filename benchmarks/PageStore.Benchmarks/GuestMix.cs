using System.Text;

namespace PageStore.Benchmarks;

/// <summary>
/// Makes synthetic guest memory with the shares that make images of real guests hard or easy: 35 % zero pages, 15 % copies of earlier
/// pages, 30 % text and arrays of structs (about 3:1 under LZ4), 20 % random, in runs of 8 pages on average.
/// </summary>
internal sealed class GuestMix(int seed)
{
    private const int PageSize = 4096;
    private const int MeanRun = 8;

    private readonly Random _random = new(seed);
    private readonly List<int> _distinct = [];

    /// <summary>An image of the given size.</summary>
    public byte[] Make(int mebibytes)
    {
        byte[] image = GC.AllocateUninitializedArray<byte>(mebibytes << 20, pinned: true);
        int pages = image.Length / PageSize;
        for (int pfn = 0; pfn < pages;)
        {
            int kind = _random.Next(100);
            bool text = _random.Next(2) == 0;
            int run = 1;
            while (_random.Next(MeanRun) != 0)
            {
                run++;
            }

            for (; run > 0 && pfn < pages; run--, pfn++)
            {
                Fill(image, pfn, kind, text);
            }
        }

        return image;
    }

    private void Fill(byte[] image, int pfn, int kind, bool text)
    {
        Span<byte> page = image.AsSpan(pfn * PageSize, PageSize);
        if (kind < 35)
        {
            page.Clear();
            return;
        }

        if (kind < 50 && _distinct.Count > 0)
        {
            image.AsSpan(_distinct[_random.Next(_distinct.Count)] * PageSize, PageSize).CopyTo(page);
            return;
        }

        _distinct.Add(pfn);
        if (kind >= 80)
        {
            _random.NextBytes(page);
        }
        else if (text)
        {
            FillText(page);
        }
        else
        {
            FillStructs(page);
        }
    }

    /// <summary>Lines of a log: few templates, changing numbers.</summary>
    private void FillText(Span<byte> page)
    {
        string[] templates = [.. Enumerable.Range(0, 3 + _random.Next(4)).Select(_ => Template())];
        while (!page.IsEmpty)
        {
            byte[] line = Encoding.ASCII.GetBytes(string.Format(null, templates[_random.Next(templates.Length)], _random.Next(100_000), _random.Next(100)));
            int count = Math.Min(line.Length, page.Length);
            line.AsSpan(0, count).CopyTo(page);
            page = page[count..];
        }
    }

    private string Template()
    {
        var words = new StringBuilder("{0} ");
        while (words.Length < 60)
        {
            for (int letters = 2 + _random.Next(8); letters > 0; letters--)
            {
                words.Append("etaoinshrdlu"[_random.Next(12)]);
            }

            words.Append(_random.Next(6) == 0 ? "={1} " : " ");
        }

        return words.Append('\n').ToString();
    }

    /// <summary>Objects of 64 bytes as kernels have them: pointers into one slab, flags, counters, now and then a cookie.</summary>
    private void FillStructs(Span<byte> page)
    {
        ulong slab = 0xffff_8880_0000_0000UL + ((ulong)_random.Next(1 << 20) << 12);
        ulong operations = 0xffff_ffff_8100_0000UL + ((ulong)_random.Next(4096) << 6);
        for (int at = 0; at < PageSize; at += 64)
        {
            ReadOnlySpan<ulong> fields =
            [
                slab + (ulong)at, slab + ((ulong)_random.Next(64) << 6), operations, (ulong)_random.Next(16),
                ((ulong)_random.Next(1024) << 16) | (uint)_random.Next(4), _random.Next(8) != 0 ? 0 : (ulong)_random.NextInt64(), 0,
                _random.Next(4) != 0 ? 1 : (ulong)_random.Next(1 << 24),
            ];
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(fields).CopyTo(page[at..]);
        }
    }
}
