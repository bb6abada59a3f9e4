using System.Buffers.Binary;
using PageStore.Fuzz;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>A file, for instance one of the fuzzer's seeds, that somebody changed and whose sums that somebody made right again.</summary>
internal sealed class ForgedFile
{
    private readonly SparseImage _image;

    public ForgedFile(string seed)
    {
        _image = SparseImage.Parse(CheckpointSeeds.All().Single(pair => pair.Name == seed).Input);
    }

    public ForgedFile(byte[] file)
    {
        _image = SparseImage.OfFile(file);
    }

    /// <summary>Where the current root is.</summary>
    public long Slot
    {
        get
        {
            long first = Layout.SlotOffset(0, 0);
            long second = Layout.SlotOffset(1, 0);
            return Word(first + 8) > Word(second + 8) ? first : second;
        }
    }

    /// <summary>The length of the file; what is added reads as zeros.</summary>
    public long Length
    {
        get => _image.Length;
        init => _image.Length = value;
    }

    public IStorage Storage => new ImageStorage(_image);

    public long Word(long offset)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        _image.Read(offset, bytes);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    public void SetWord(long offset, long value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        _image.Write(offset, bytes);
        Assert.Equal(value, Word(offset));
    }

    public Entry Entry(long offset) => new((ulong)Word(offset), (ulong)Word(offset + 8));

    public void SetEntry(long offset, Entry entry)
    {
        SetWord(offset, (long)entry.Word);
        SetWord(offset + 8, (long)entry.Sum);
    }

    /// <summary>Where the entry of the newest epoch's record is: a directory of a few epochs has one node.</summary>
    public long NewestRecordEntry()
    {
        long node = Entry(Slot + 72).Offset;
        ulong mask = (ulong)Word(node + 8);
        return node + NodeFormat.HeadSize + ((System.Numerics.BitOperations.PopCount(mask) - 1) * PageStore.Checkpoint.Entry.Size);
    }

    /// <summary>Where the newest epoch's record is.</summary>
    public long NewestRecord() => Entry(NewestRecordEntry()).Offset;

    public void Repair(bool fields = false) => new ImageRepair(_image, fields).Run();

    public byte[] ToFile()
    {
        byte[] file = new byte[_image.Length];
        _image.Read(0, file);
        return file;
    }

    public CheckpointReader Open() => CheckpointReader.Open(new ImageStorage(_image));
}
