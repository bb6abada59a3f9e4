using FsCheck;
using FsCheck.Fluent;

namespace PageStore.Checkpoint.Tests;

/// <summary>A batch of entries (type, PFN), or a record other than PAGE_DATA that stands among or behind the batches.</summary>
public sealed record SpecItem((byte Type, int Pfn)[]? Batch, int Other);

/// <summary>A valid stream to be: what FsCheck generates and <see cref="Write"/> turns into bytes.</summary>
public sealed class XenStreamSpec
{
    private static readonly byte[] AllTypes = [0, 0, 0, 0, 1, 2, 3, 4, 9, 10, 11, 12, 13, 14, 15, 15];

    public required ImageFormat Format { get; init; }

    public required bool Pv { get; init; }

    public required uint Version { get; init; }

    public required int Seed { get; init; }

    public required bool Verify { get; init; }

    public required SpecItem[] Items { get; init; }

    /// <summary>Streams with few page numbers, so that pages repeat, and with records at every place that the rules allow.</summary>
    public static Arbitrary<XenStreamSpec> Arbitrary()
    {
        Gen<(byte, int)> entry = from type in Gen.Elements(AllTypes) from pfn in Gen.Choose(0, 20) select (type, pfn);
        Gen<SpecItem> batch = from entries in entry.NonEmptyListOf() select new SpecItem([.. entries], 0);
        Gen<SpecItem> other = from kind in Gen.Choose(0, 3) select new SpecItem(null, kind);
        Gen<SpecItem> item = Gen.Frequency((4, batch), (1, other));
        Gen<XenStreamSpec> spec =
            from format in Gen.Elements(ImageFormat.XlSave, ImageFormat.LibxlStream, ImageFormat.LibxcStream)
            from pv in Gen.Elements(true, false)
            from version in Gen.Elements(2u, 3u)
            from seed in Gen.Choose(0, int.MaxValue)
            from verify in Gen.Elements(true, false)
            from items in item.ListOf()
            select new XenStreamSpec
            {
                Format = format,
                Pv = pv,
                Version = version,
                Seed = seed,
                Verify = verify && items.Any(i => i.Batch is not null),
                Items = [.. items],
            };
        return Arb.From(spec, Shrink);
    }

    public override string ToString() =>
        $"{Format} {(Pv ? "PV" : "HVM")} v{Version} seed {Seed} verify {Verify}: "
        + string.Join(' ', Items.Select(i => i.Batch is null ? $"R{i.Other}" : $"[{string.Join(',', i.Batch)}]"));

    internal byte[] Write()
    {
        var random = new Random(Seed);
        var writer = new XenStreamWriter();
        if (Format == ImageFormat.XlSave)
        {
            writer.Xl(Bytes(random, 0, 40), random.Next(2) == 0 ? [] : Bytes(random, 1, 9));
        }

        if (Format != ImageFormat.LibxcStream)
        {
            writer.Libxl(options: (uint)(2 * random.Next(2)));
            WriteSome(random, () => writer.Record(2, Bytes(random, 8, 30)));
            writer.Record(1);
        }

        writer.Libxc(Version, Pv ? 1u : 2u);
        WriteStatic(writer, random);
        WriteItems(writer, random, Items);
        if (Verify)
        {
            writer.Record(0xD);
            WriteItems(writer, random, Items);
        }

        WriteState(writer, random);
        if (Format != ImageFormat.LibxcStream)
        {
            WriteSome(random, () => writer.Record(3, Bytes(random, 8, 300)));
            writer.Record(0);
        }

        return writer.ToArray();
    }

    private static IEnumerable<XenStreamSpec> Shrink(XenStreamSpec spec)
    {
        for (int i = 0; i < spec.Items.Length; i++)
        {
            SpecItem[] rest = [.. spec.Items[..i], .. spec.Items[(i + 1)..]];
            yield return new XenStreamSpec
            {
                Format = spec.Format,
                Pv = spec.Pv,
                Version = spec.Version,
                Seed = spec.Seed,
                Verify = spec.Verify && rest.Any(r => r.Batch is not null),
                Items = rest,
            };
        }
    }

    private static byte[] Bytes(Random random, int least, int most)
    {
        var bytes = new byte[random.Next(least, most + 1)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static void WriteSome(Random random, Action write)
    {
        for (int i = random.Next(3); i > 0; i--)
        {
            write();
        }
    }

    private void WriteStatic(XenStreamWriter writer, Random random)
    {
        if (Pv)
        {
            writer.Record(2, Bytes(random, 8, 8));
        }

        WriteSome(random, () => writer.Record(0x11, Bytes(random, 24, 24)));
        WriteSome(random, () => writer.Record(0x80000000u + (uint)random.Next(100), Bytes(random, 0, 20)));
        if (Version == 3 || random.Next(4) == 0)
        {
            writer.Record(0x10);
        }

        if (Pv)
        {
            writer.Record(3, Bytes(random, 16, 16));
        }
    }

    private void WriteItems(XenStreamWriter writer, Random random, SpecItem[] items)
    {
        foreach (SpecItem item in items)
        {
            if (item.Batch is null)
            {
                WriteOther(writer, random, item.Other);
                continue;
            }

            writer.Pages([.. item.Batch.Select(e => (XenStreamWriter.Entry(e.Type, (ulong)e.Pfn), e.Type >= 13 ? null : Bytes(random, 4096, 4096)))]);
        }
    }

    private void WriteOther(XenStreamWriter writer, Random random, int kind)
    {
        switch (kind)
        {
            case 0:
                writer.Record(8, Bytes(random, 24, 24));
                break;
            case 1:
                writer.Record(0xFFFFFFFF, Bytes(random, 0, 9));
                break;
            case 2:
                writer.Record(Pv ? 4u : 9u, Bytes(random, 8, 99));
                break;
            default:
                writer.Record(0x12, Bytes(random, 32, 32));
                break;
        }
    }

    private void WriteState(XenStreamWriter writer, Random random)
    {
        writer.Record(8, Bytes(random, 24, 24));
        if (Pv)
        {
            writer.Record(7, Bytes(random, 4096, 4096));
            WriteSome(random, () => writer.Record(4, Bytes(random, 9, 200)));
            WriteSome(random, () => writer.Record(6, Bytes(random, 9, 200)));
        }
        else
        {
            WriteSome(random, () => writer.Record(9, Bytes(random, 1, 200)));
            writer.Record(0xA, Bytes(random, 24, 24));
        }

        writer.Record(0);
    }
}
