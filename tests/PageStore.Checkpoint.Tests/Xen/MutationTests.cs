using System.Runtime.CompilerServices;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Every truncation and every change of a small stream: named errors only, and no memory by a number in the stream.</summary>
public class MutationTests
{
    /// <summary>What one reading may allocate: the buffers of a few pages, an exception and its message.</summary>
    private const long AllocationBound = 256 << 10;

    /// <summary>One record of each kind; the only page comes last, so that a few KiB remain to be changed.</summary>
    private static readonly byte[] Pv = new XenStreamWriter().Xl().Libxl().Record(2, new byte[12]).Record(1).Libxc(3, 1)
        .Record(2, [8, 4, 0, 0, 0, 0, 0, 0]).Record(0x11, new byte[24]).Record(0x10).Record(3, new byte[16])
        .Pages((XenStreamWriter.Entry(15, 7), null), (XenStreamWriter.Entry(9, 3), XenStreamWriter.Page(1)))
        .Record(0x80000001, [1, 2, 3]).Record(8, new byte[24]).Record(4, new byte[20]).Record(0)
        .Record(3, new byte[11]).Record(0).ToArray();

    private static readonly byte[] Hvm = new XenStreamWriter().Xl(optional: [1, 2, 3]).Libxl().Record(1).Libxc(2, 2)
        .Pages((3, XenStreamWriter.Page(1)), (XenStreamWriter.Entry(14, 9), null)).Record(0xD).Pages((XenStreamWriter.Entry(15, 3), null))
        .Record(8, new byte[24]).Record(9, new byte[13]).Record(0xA, new byte[24]).Record(0).Record(0).ToArray();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Truncation_at_every_byte_is_told_with_its_offset(bool pv)
    {
        byte[] whole = pv ? Pv : Hvm;
        Read(whole);
        for (int length = 0; length < whole.Length; length++)
        {
            CorruptDataException e = Assert.Throws<CorruptDataException>(() => Read(whole[..length]));
            Assert.Equal(length, e.Offset);
            Assert.Contains($"the stream ends at offset {length}", e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Change_of_any_byte_gives_a_named_error_or_a_stream_that_the_oracle_reads_alike(bool pv)
    {
        byte[] bytes = [.. pv ? Pv : Hvm];
        int refused = 0;
        for (int at = 0; at < bytes.Length; at++)
        {
            // The bytes of pages cannot be wrong: a few of them do.
            bool ofPage = at > 700 && at < bytes.Length - 700;
            for (int bit = 0; bit < (ofPage ? 1 : 8); bit++)
            {
                bytes[at] ^= (byte)(1 << bit);
                refused += IsRefused(bytes) ? 1 : 0;
                bytes[at] ^= (byte)(1 << bit);
            }
        }

        Assert.InRange(refused, 1000, int.MaxValue);
    }

    [Fact]
    public void Several_random_changes_give_named_errors_only()
    {
        var random = new Random(17);
        int refused = 0;
        for (int i = 0; i < 6_000; i++)
        {
            byte[] bytes = [.. i % 2 == 0 ? Pv : Hvm];
            for (int changes = random.Next(1, 6); changes > 0; changes--)
            {
                int at = random.Next(2) == 0 ? random.Next(500) : bytes.Length - 1 - random.Next(300);
                bytes[at] = (byte)(random.Next(2) == 0 ? random.Next(256) : 255 * random.Next(2));
            }

            refused += IsRefused(bytes) ? 1 : 0;
        }

        Assert.InRange(refused, 1000, int.MaxValue);
    }

    private static bool IsRefused(byte[] bytes)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Read(bytes);
        }
        catch (Exception e) when (e is CorruptDataException or UnsupportedException)
        {
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, AllocationBound);
            return true;
        }

        var sink = new RecordingSink();
        XenStreamSummary summary = Feed.Read(bytes, sink);
        XenStreamReaderTests.AssertEqualsOracle(bytes, sink, summary);
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Read(byte[] bytes) => Feed.Read(bytes, new CountingSink());
}
