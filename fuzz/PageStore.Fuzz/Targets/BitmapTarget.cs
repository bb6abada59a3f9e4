using System.Buffers;

namespace PageStore.Fuzz;

/// <summary>The decoder of serialized bitmaps.</summary>
internal sealed class BitmapTarget : IFuzzTarget
{
    /// <summary>
    /// The longest bitmap that is decoded. A few bytes can put a page anywhere, and memory comes by the slab of 2 MiB: it is this that
    /// bounds a bitmap, to 32 MiB, and not the length of the input.
    /// </summary>
    private const long MaxPages = 1L << 28;

    public string Name => "bitmap";

    public int MaxLength => 4096;

    public void Run(ReadOnlySpan<byte> input)
    {
        if (!PageBitmapCodec.TryDecode(input[..Math.Min(input.Length, MaxLength)], MaxPages, out PageBitmap? bitmap, out string? reason))
        {
            BrokenPromiseException.Unless(bitmap is null && !string.IsNullOrEmpty(reason), "who refuses says why");
            return;
        }

        using (bitmap!)
        {
            BrokenPromiseException.Unless(reason is null, "there is a reason only for a refusal");
            var encoded = new ArrayBufferWriter<byte>();
            PageBitmapCodec.Encode(bitmap!, encoded);
            BrokenPromiseException.Unless(encoded.WrittenCount <= PageBitmapCodec.GetMaxEncodedLength(bitmap!.Length), "an encoded bitmap is no longer than the maximum");
            BrokenPromiseException.Unless(encoded.WrittenCount <= input.Length, "the encoder's form is the shortest");
            BrokenPromiseException.Unless(PageBitmapCodec.TryDecode(encoded.WrittenSpan, bitmap.Length, out PageBitmap? again, out _), "what was encoded can be decoded");
            using (again!)
            {
                BrokenPromiseException.Unless(again!.Length == bitmap.Length && again.Count() == bitmap.Count(), "both have the same pages");
                again.Xor(bitmap);
                BrokenPromiseException.Unless(!again.Any(), "both have the same pages");
            }
        }
    }

    public IEnumerable<(string Name, byte[] Input)> Seeds()
    {
        yield return ("seed-empty", Encode(0, []));
        yield return ("seed-none", Encode(1000, []));
        yield return ("seed-one", Encode(1, [new PfnRun(new Pfn(0), 1)]));
        yield return ("seed-runs", Encode(200_000, [new PfnRun(new Pfn(3), 5), new PfnRun(new Pfn(70_000), 900), new PfnRun(new Pfn(199_999), 1)]));
        yield return ("seed-full", Encode(300_000, [new PfnRun(new Pfn(0), 300_000)]));
        yield return ("seed-huge", Encode(MaxPages, [new PfnRun(new Pfn(MaxPages - 70_000), 70_000)]));
        yield return ("seed-dense", Encode(4000, [.. Enumerable.Range(0, 1000).Select(i => new PfnRun(new Pfn((i * 3) + (i * i % 3)), 1))]));
    }

    public byte[] Mutate(byte[] input, byte[] other, Random random) => ByteMutator.Mutate(input, other, random, MaxLength);

    private static byte[] Encode(long length, PfnRun[] runs)
    {
        using var bitmap = new PageBitmap(length);
        foreach (PfnRun run in runs)
        {
            bitmap.SetRange(run.First, run.Count);
        }

        var encoded = new ArrayBufferWriter<byte>();
        PageBitmapCodec.Encode(bitmap, encoded);
        return encoded.WrittenSpan.ToArray();
    }
}
