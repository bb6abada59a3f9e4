using System.Text;
using Xunit;

namespace PageStore.Tests.Prediction;

public sealed class AccessTraceReaderTests
{
    private const string Header = """{"format":"vmtrace/1","page_size":4096,"pages":1000,"workload":"test","more":[1]}""";

    [Fact]
    public void Intervals_with_their_sets_and_first_touches()
    {
        using AccessTraceReader reader = Open(Header, """{"i":0,"written":[[1,2],[10,1]],"read":[[2,3],[999,1]],"first_touch":[10,2,1,3,4,999]}""", "", """{"written":[],"read":[[0,1000]]}""");
        Assert.Equal(new TraceHeader(4096, 1000, "test"), reader.Header);

        using RecordedInterval first = reader.Read()!;
        Assert.Equal([1, 2, 10], first.Accesses.Written.ToNumbers());
        Assert.Equal([3, 4, 999], first.Accesses.Read!.ToNumbers());
        Assert.Equal([10, 2, 1, 3, 4, 999], first.FirstTouches.ToArray());
        using RecordedInterval second = reader.Read()!;
        Assert.Equal(1000, second.Accesses.Read!.Count());
        Assert.True(second.FirstTouches.IsEmpty);
        Assert.Null(reader.Read());
        Assert.Null(reader.Read());
    }

    [Fact]
    public void Lines_longer_than_any_buffer_in_pieces_of_one_byte()
    {
        string runs = string.Join(',', Enumerable.Range(0, 499).Select(run => $"[{run * 2},1]"));
        string line = $$"""{"written":[{{runs}}],"read":[],"padding":"{{new string('x', 300_000)}}"}""";
        using var reader = new AccessTraceReader(new SlowStream(Encoding.UTF8.GetBytes(Header + "\r\n" + line + "\n" + line)));

        for (int i = 0; i < 2; i++)
        {
            using RecordedInterval interval = reader.Read()!;
            Assert.Equal(499, interval.Accesses.Written.Count());
        }

        Assert.Null(reader.Read());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"format":"vmtrace/1","page_size":4096,"pages":0}""")]
    [InlineData("""{"format":"vmtrace/1","page_size":4096,"pages":1099511627777}""")]
    [InlineData("""{"format":"vmtrace/1","page_size":1000,"pages":10}""")]
    [InlineData("""{"format":"vmtrace/1","page_size":"x","pages":10}""")]
    public void What_is_no_header_is_told(string line) =>
        Assert.Contains("Line 1", Assert.Throws<CorruptDataException>(() => Open(line)).Message, StringComparison.Ordinal);

    [Fact]
    public void Another_version_is_not_supported() =>
        Assert.Contains("vmtrace/2", Assert.Throws<UnsupportedException>(() => Open("""{"format":"vmtrace/2","page_size":4096,"pages":10}""")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"written":[]}""")]
    [InlineData("""{"written":[[1]],"read":[]}""")]
    [InlineData("""{"written":[[1,2,3]],"read":[]}""")]
    [InlineData("""{"written":[null],"read":[]}""")]
    [InlineData("""{"written":[[-1,1]],"read":[]}""")]
    [InlineData("""{"written":[[1,-1]],"read":[]}""")]
    [InlineData("""{"written":[[999,2]],"read":[]}""")]
    [InlineData("""{"written":[[9223372036854775807,9223372036854775807]],"read":[]}""")]
    [InlineData("""{"written":[],"read":[],"first_touch":[1000]}""")]
    [InlineData("""{"written":[],"read":[],"first_touch":[-1]}""")]
    public void What_is_no_interval_is_told_with_its_line(string line)
    {
        using AccessTraceReader reader = Open(Header, """{"written":[],"read":[]}""", line);
        reader.Read()!.Dispose();

        CorruptDataException e = Assert.Throws<CorruptDataException>(() => reader.Read());

        Assert.Contains("Line 3", e.Message, StringComparison.Ordinal);
        Assert.Equal(Header.Length + 1 + """{"written":[],"read":[]}""".Length + 1, e.Offset);
    }

    private static AccessTraceReader Open(params string[] lines) => new(new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines))));

    /// <summary>Gives one byte at a time, as a pipe may.</summary>
    private sealed class SlowStream(byte[] content) : MemoryStream(content)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(1, count));
    }
}
