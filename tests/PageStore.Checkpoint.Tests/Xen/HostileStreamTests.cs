using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>One broken stream for each rule: what is said of it, of which record, and where.</summary>
public class HostileStreamTests
{
    private static readonly Dictionary<string, HostileCase> Cases =
        HostileCases.Headers.Concat(HostileCases.Records).Concat(HostileCases.PageData).ToDictionary(c => c.Rule);

    public static TheoryData<string> Rules => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Rules))]
    public void Broken_rule_is_named_with_its_record_and_offset(string rule)
    {
        HostileCase broken = Cases[rule];
        var options = new XenStreamOptions { MaxSectionBytes = 1 << 20, MaxPageCount = 1 << 20 };
        var sink = new RecordingSink();
        PageStoreException e = Assert.ThrowsAny<PageStoreException>(
            () => Feed.Read(broken.Bytes, sink, options));

        Assert.Equal(broken.Unsupported, e is UnsupportedException);
        Assert.StartsWith($"{broken.Place} at offset {broken.Offset}: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(broken.Says, e.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", e.Message, StringComparison.Ordinal);
        if (e is CorruptDataException corrupt)
        {
            Assert.Equal(broken.Offset + broken.Within, corrupt.Offset);
            Assert.Equal(broken.Pfn, corrupt.Pfn);
        }
    }

    [Fact]
    public void Length_that_lies_costs_no_memory()
    {
        byte[] bytes = new XenStreamWriter().Libxc().Record(9, new byte[8], 60 << 20).ToArray();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<CorruptDataException>(() => Feed.Read(bytes, new CountingSink()));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256 << 10);
    }

    [Fact]
    public void Sections_are_counted_together_across_layers()
    {
        byte[] bytes = new XenStreamWriter().Libxl().Record(3, new byte[3000]).Record(1).Libxc().Record(9, new byte[2000]).ToArray();
        UnsupportedException e = Assert.Throws<UnsupportedException>(() => Feed.Read(bytes, new CountingSink(), new XenStreamOptions { MaxSectionBytes = 4096 }));
        Assert.Contains("libxc record 0 (HVM_CONTEXT)", e.Message, StringComparison.Ordinal);
        Assert.Contains("MaxSectionBytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Highest_page_within_the_limit_is_read()
    {
        const ulong Highest = (1 << 20) - 1;
        byte[] bytes = new XenStreamWriter().Libxc(2).Pages((XenStreamWriter.Entry(15, Highest), null)).Record(0).ToArray();
        var sink = new RecordingSink();
        Feed.Read(bytes, sink, new XenStreamOptions { MaxPageCount = 1 << 20 });
        Assert.Equal((long)Highest, Assert.Single(sink.Entries).Pfn);
    }

    [Fact]
    public void Nothing_of_a_record_is_delivered_whose_last_entry_is_bad()
    {
        byte[] bytes = new XenStreamWriter().Libxc(2)
            .Pages((1, XenStreamWriter.Page(1)), (XenStreamWriter.Entry(5, 2), null)).Record(0).ToArray();
        var sink = new RecordingSink();
        Assert.Throws<CorruptDataException>(() => Feed.Read(bytes, sink));
        Assert.Empty(sink.Entries);
    }
}
