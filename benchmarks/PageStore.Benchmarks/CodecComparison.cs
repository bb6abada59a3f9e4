using PageStore.Native;

namespace PageStore.Benchmarks;

/// <summary>The engines of LZ4 on the pages of images, as the encoder asks for them: each page by itself, into seven eighths of it or not at all.</summary>
internal static class CodecComparison
{
    /// <summary>A page is packed only if that saves an eighth: docs/format.md, "Pages".</summary>
    private const int Worth = PageSizes.Default - (PageSizes.Default / 8);

    public static int Run(string[] args)
    {
        string[] names = [.. args.Where(arg => !arg.StartsWith('-'))];
        int rounds = args.Contains("--quick") ? 3 : 15;
        NativePageCodec native = NativePageCodec.Open();
        Pinning.To(1);
        if (names.Length == 0)
        {
            Compare("mix", new GuestMix(1).Make(128), native, rounds);
        }

        foreach (string name in names)
        {
            Compare(Path.GetFileName(name), File.ReadAllBytes(name), native, rounds);
        }

        return 0;
    }

    private static void Compare(string name, byte[] image, NativePageCodec native, int rounds)
    {
        // What a codec is asked to pack.
        Memory<byte>[] pages =
        [
            .. Enumerable.Range(0, image.Length / PageSizes.Default)
                .Select(pfn => image.AsMemory(pfn * PageSizes.Default, PageSizes.Default))
                .Where(page => PageClassifier.Classify(page.Span, out _) == PageClass.Data),
        ];
        byte[] packed = new byte[Worth];
        new Contest($"{name}: pack {pages.Length} pages", rounds, pages.Length)
            .Add("managed", () => Pack(PageCodecs.ManagedLz4, pages, packed))
            .Add(native.ToString(), () => Pack(native, pages, packed))
            .Run();

        byte[][] blocks = [.. pages.Select(page => PackOne(native, page.Span)).OfType<byte[]>()];
        byte[] plain = new byte[PageSizes.Default];
        new Contest($"{name}: unpack the {blocks.Length} pages that are packed", rounds, blocks.Length)
            .Add("managed", () => Unpack(PageCodecs.ManagedLz4, blocks, plain))
            .Add(native.ToString(), () => Unpack(native, blocks, plain))
            .Run();
    }

    private static byte[]? PackOne(NativePageCodec codec, ReadOnlySpan<byte> page)
    {
        byte[] packed = new byte[Worth];
        return codec.TryPack(page, packed, out int written) ? packed[..written] : null;
    }

    /// <summary>Returns how many it was given: how many of them pack may differ by a page between versions of the engine.</summary>
    private static long Pack(IPageCodec codec, Memory<byte>[] pages, byte[] packed)
    {
        foreach (Memory<byte> page in pages)
        {
            codec.TryPack(page.Span, packed, out _);
        }

        return pages.Length;
    }

    private static long Unpack(IPageCodec codec, byte[][] blocks, byte[] plain)
    {
        long unpacked = 0;
        foreach (byte[] block in blocks)
        {
            unpacked += codec.TryUnpack(block, plain) ? 1 : 0;
        }

        return unpacked;
    }
}
