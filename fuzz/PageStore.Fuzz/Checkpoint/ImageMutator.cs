using System.Buffers.Binary;
using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>Changes sparse images where it matters: in the headers, slots, nodes and records, whose sums are then made right again.</summary>
internal static class ImageMutator
{
    public static byte[] Mutate(byte[] input, byte[] other, Random random, int maxLength)
    {
        if (random.Next(16) == 0)
        {
            return ByteMutator.Mutate(input, other, random, maxLength);
        }

        SparseImage image = SparseImage.Parse(input);
        using ImageSeals? seals = ImageSeals.Of(image);
        var before = new ImageRepair(image, fields: false, seals);
        before.Run();
        for (int left = 1 << random.Next(4); left > 0; left--)
        {
            Change(image, before.Structures, other, random);
        }

        if (random.Next(8) != 0)
        {
            new ImageRepair(image, fields: random.Next(2) == 0, seals).Run();
        }

        seals?.SealAll();
        byte[] result = image.ToBytes();
        return result.Length <= maxLength ? result : input;
    }

    private static void Change(SparseImage image, List<(long Offset, int Length)> structures, byte[] other, Random random)
    {
        switch (random.Next(16))
        {
            case 0:
                image.Length = random.Next(2) == 0 ? Math.Max(0, image.Length + random.Next(-8192, 8192)) : image.Length / 2;
                break;
            case 1 when image.Extents.Count > 0:
                ByteMutator.ChangeInPlace(image.Extents[random.Next(image.Extents.Count)].Bytes, random);
                break;
            case 2:
                Graft(image, SparseImage.Parse(other), random);
                break;
            case 3 or 4:
                CopyEntry(image, structures, random);
                break;
            case 5:
                SwapEntries(image, structures, random);
                break;
            case 6:
                CopyStructure(image, structures, random);
                break;
            default:
                ChangeWord(image, structures, random);
                break;
        }
    }

    /// <summary>Takes an extent of another image over, at its place.</summary>
    private static void Graft(SparseImage image, SparseImage other, Random random)
    {
        if (other.Extents.Count == 0)
        {
            return;
        }

        SparseImage.Extent added = other.Extents[random.Next(other.Extents.Count)];
        image.Write(added.Offset, added.Bytes);
        int at = image.Extents.FindIndex(extent => extent.End > added.Offset);
        if (at < 0 || image.Extents[at].Offset >= added.End)
        {
            image.Extents.Insert(at < 0 ? image.Extents.Count : at, added with { Bytes = (byte[])added.Bytes.Clone() });
            image.Length = Math.Max(image.Length, added.End);
        }
    }

    /// <summary>Copies 16 aligned bytes from one structure to another: an entry then names what it should not.</summary>
    private static void CopyEntry(SparseImage image, List<(long Offset, int Length)> structures, Random random)
    {
        Span<byte> entry = stackalloc byte[Entry.Size];
        image.Read(PlaceIn(structures, Entry.Size, random), entry);
        image.Write(PlaceIn(structures, Entry.Size, random), entry);
    }

    /// <summary>Swaps two entries: epochs, nodes, segments or pages are then each other's.</summary>
    private static void SwapEntries(SparseImage image, List<(long Offset, int Length)> structures, Random random)
    {
        long first = PlaceIn(structures, Entry.Size, random);
        long second = PlaceIn(structures, Entry.Size, random);
        Span<byte> entries = stackalloc byte[2 * Entry.Size];
        image.Read(first, entries[..Entry.Size]);
        image.Read(second, entries[Entry.Size..]);
        image.Write(first, entries[Entry.Size..]);
        image.Write(second, entries[..Entry.Size]);
    }

    /// <summary>Puts one structure in the place of another: an older root, another epoch's record, a node of another tree.</summary>
    private static void CopyStructure(SparseImage image, List<(long Offset, int Length)> structures, Random random)
    {
        (long from, int length) = structures[random.Next(structures.Count)];
        (long to, int room) = structures[random.Next(structures.Count)];
        byte[] bytes = new byte[Math.Min(length, room)];
        image.Read(from, bytes);
        image.Write(to, bytes);
    }

    private static void ChangeWord(SparseImage image, List<(long Offset, int Length)> structures, Random random)
    {
        Span<byte> word = stackalloc byte[sizeof(long)];
        long place = PlaceIn(structures, sizeof(long), random);
        image.Read(place, word);
        long value = BinaryPrimitives.ReadInt64LittleEndian(word);
        switch (random.Next(5))
        {
            case 0:
                value ^= 1L << random.Next(64);
                break;
            case 1:
                value = ByteMutator.InterestingNumber(random);
                break;
            case 2:
                value += random.Next(-16, 17);
                break;
            case 3:
                // The kind, type and length of an entry change, its place stays.
                value = (value & ((1L << 44) - 1)) | (random.NextInt64() << 44);
                break;
            default:
                ByteMutator.ChangeInPlace(word, random);
                value = BinaryPrimitives.ReadInt64LittleEndian(word);
                break;
        }

        BinaryPrimitives.WriteInt64LittleEndian(word, value);
        image.Write(place, word);
    }

    private static long PlaceIn(List<(long Offset, int Length)> structures, int unit, Random random)
    {
        (long offset, int length) = structures[random.Next(structures.Count)];
        return offset + (random.Next(Math.Max(1, length / sizeof(long))) * sizeof(long) / unit * unit) + (random.Next(4) == 0 ? sizeof(long) : 0);
    }
}
