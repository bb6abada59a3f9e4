using System.Buffers.Binary;

namespace PageStore.Fuzz;

/// <summary>
/// A checkpoint file without its zeros, which are most of a small one: the length of the file (8 bytes), then extents by ascending
/// offset: offset (8), number of bytes (4), bytes. All numbers are little-endian. What cannot be read as an extent ends the image.
/// </summary>
internal sealed class SparseImage
{
    private const int HeadLength = 8;
    private const int ExtentHeadLength = 12;

    /// <summary>
    /// Zeros that part two extents. Larger than any gap inside a structure of the file, so that each lies in one extent.
    /// </summary>
    private const int MinGap = 512;

    private SparseImage(long length, List<Extent> extents)
    {
        Length = length;
        Extents = extents;
    }

    /// <summary>The length of the file; bytes that no extent covers are zero.</summary>
    public long Length { get; set; }

    public List<Extent> Extents { get; }

    /// <summary>Reads any bytes as an image.</summary>
    public static SparseImage Parse(ReadOnlySpan<byte> bytes)
    {
        List<Extent> extents = [];
        long length = bytes.Length < HeadLength ? 0 : Math.Max(0, BinaryPrimitives.ReadInt64LittleEndian(bytes));
        bytes = bytes[Math.Min(HeadLength, bytes.Length)..];
        long end = 0;
        while (bytes.Length > ExtentHeadLength)
        {
            long offset = BinaryPrimitives.ReadInt64LittleEndian(bytes);
            int count = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]), (uint)(bytes.Length - ExtentHeadLength));
            if (offset < end || offset > long.MaxValue - count)
            {
                break;
            }

            extents.Add(new Extent(offset, bytes.Slice(ExtentHeadLength, count).ToArray()));
            end = offset + count;
            bytes = bytes[(ExtentHeadLength + count)..];
        }

        return new SparseImage(length, extents);
    }

    /// <summary>Makes the image of a whole file.</summary>
    public static SparseImage OfFile(ReadOnlySpan<byte> file)
    {
        List<Extent> extents = [];
        for (int at = NextData(file, 0); at < file.Length;)
        {
            int end = EndOfData(file, at);
            extents.Add(new Extent(at, file[at..end].ToArray()));
            at = NextData(file, end);
        }

        return new SparseImage(file.Length, extents);
    }

    public byte[] ToBytes()
    {
        byte[] bytes = new byte[HeadLength + Extents.Sum(extent => ExtentHeadLength + extent.Bytes.Length)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Length);
        int at = HeadLength;
        foreach (Extent extent in Extents)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(at), extent.Offset);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at + 8), extent.Bytes.Length);
            extent.Bytes.CopyTo(bytes, at + ExtentHeadLength);
            at += ExtentHeadLength + extent.Bytes.Length;
        }

        return bytes;
    }

    /// <summary>Fills <paramref name="destination"/>, with zeros where there is nothing.</summary>
    public void Read(long offset, Span<byte> destination)
    {
        destination.Clear();
        foreach (Extent extent in Extents)
        {
            long from = Math.Max(offset, extent.Offset);
            long to = Math.Min(offset + destination.Length, extent.End);
            if (from < to)
            {
                extent.Bytes.AsSpan((int)(from - extent.Offset), (int)(to - from)).CopyTo(destination[(int)(from - offset)..]);
            }
        }
    }

    /// <summary>Changes bytes; those that no extent covers stay zero.</summary>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        foreach (Extent extent in Extents)
        {
            long from = Math.Max(offset, extent.Offset);
            long to = Math.Min(offset + source.Length, extent.End);
            if (from < to)
            {
                source[(int)(from - offset)..(int)(to - offset)].CopyTo(extent.Bytes.AsSpan((int)(from - extent.Offset)));
            }
        }
    }

    private static int NextData(ReadOnlySpan<byte> file, int from)
    {
        int found = file[from..].IndexOfAnyExcept((byte)0);
        return found < 0 ? file.Length : from + found;
    }

    private static int EndOfData(ReadOnlySpan<byte> file, int from)
    {
        int end = from;
        while (true)
        {
            int zero = file[end..].IndexOf((byte)0);
            end = zero < 0 ? file.Length : end + zero;
            int next = NextData(file, end);
            if (next - end >= MinGap || next == file.Length)
            {
                return end;
            }

            end = next;
        }
    }

    /// <summary>Bytes of the file that are one behind the other.</summary>
    internal sealed record Extent(long Offset, byte[] Bytes)
    {
        public long End => Offset + Bytes.Length;
    }
}
