using FsCheck.Xunit;
using Xunit;

namespace PageStore.Tests.Prediction;

public sealed class AccessTraceWriterTests
{
    private const int Pages = 300;

    [Property]
    public void What_is_written_is_read_again(ushort[] written, ushort[] read, ushort[]? demanded, ushort[]? loaded)
    {
        using PageBitmap w = SetOf(written)!;
        using PageBitmap r = SetOf(read)!;
        using PageBitmap? d = SetOf(demanded);
        using PageBitmap? l = SetOf(loaded);
        r.AndNot(w);
        var stream = new MemoryStream();
        var header = new TraceHeader(4096, Pages, "a \"test\"") { FileId = Guid.NewGuid(), Epoch = new EpochId(7) };
        using (var writer = new AccessTraceWriter(stream, header))
        {
            writer.Write(new AccessInterval(w, r) { Demanded = d, Replayed = l });
            writer.Write(new AccessInterval(r, null));
        }

        using var reader = new AccessTraceReader(new MemoryStream(stream.ToArray()));
        Assert.Equal(header, reader.Header);
        using RecordedInterval first = reader.Read()!;
        AssertSame(w, first.Accesses.Written);
        AssertSame(r, first.Accesses.Read);
        AssertSame(d, first.Accesses.Demanded);
        AssertSame(l, first.Accesses.Replayed);
        using RecordedInterval second = reader.Read()!;
        AssertSame(r, second.Accesses.Written);
        Assert.True(second.Accesses.Read!.None());
        Assert.Null(second.Accesses.Demanded);
        Assert.Null(reader.Read());
    }

    private static PageBitmap? SetOf(ushort[]? pages)
    {
        if (pages is null)
        {
            return null;
        }

        var set = new PageBitmap(Pages);
        foreach (ushort page in pages)
        {
            set.Set(new Pfn(page % Pages));
        }

        return set;
    }

    private static void AssertSame(PageBitmap? expected, PageBitmap? actual)
    {
        Assert.Equal(expected is null, actual is null);
        Assert.True(expected is null || expected.SetEquals(actual!));
    }
}
