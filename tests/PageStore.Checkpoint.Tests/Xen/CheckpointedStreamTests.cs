using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>A checkpointed stream is read up to its last whole checkpoint, wherever it ends.</summary>
public sealed class CheckpointedStreamTests
{
    public static TheoryData<ImageFormat> Formats => [ImageFormat.XlSave, ImageFormat.LibxlStream, ImageFormat.LibxcStream];

    [Property(MaxTest = 100)]
    public void Each_checkpoint_gives_the_pages_and_the_state_of_its_moment(int seed, bool withRest)
    {
        var stream = new RemusStream(seed, checkpoints: 1 + (Math.Abs(seed % 5))).End(withRest);
        var sink = new RecordingSink();
        XenStreamSummary summary = Feed.Read(stream.Bytes, sink);

        Assert.Equal((stream.Checkpoints.Count, !withRest, false), (summary.Checkpoints, summary.EndsAtCheckpoint, summary.IsCutOff));
        Assert.Equal(stream.Bytes.Length, summary.Bytes);
        AssertCheckpoints(stream, sink, stream.Checkpoints.Count);
        Assert.Equal(withRest, sink.Sections.Count > sink.Checkpoints[^1].Sections);
        Assert.Equal(withRest, sink.Entries.Count > sink.Checkpoints[^1].Entries);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Wherever_it_is_cut_off_the_whole_checkpoints_count(ImageFormat format)
    {
        var stream = new RemusStream(7, checkpoints: 4, format);
        byte[] bytes = stream.Bytes;
        long first = stream.Checkpoints[0].End;
        foreach (int length in Lengths(stream))
        {
            var sink = new RecordingSink();
            if (length < first)
            {
                Assert.Throws<CorruptDataException>(() => Feed.Read(bytes[..length], sink));
                continue;
            }

            XenStreamSummary summary = Feed.Read(bytes[..length], sink);
            int whole = stream.Checkpoints.Count(checkpoint => checkpoint.End <= length);
            Assert.Equal((true, (long)whole, (long)length), (summary.IsCutOff, summary.Checkpoints, summary.Bytes));
            AssertCheckpoints(stream, sink, whole);
        }
    }

    [Theory]
    [InlineData(ImageFormat.XlSave)]
    [InlineData(ImageFormat.LibxlStream)]
    public void Records_that_belong_to_no_checkpoint_are_counted_and_those_that_belong_to_the_rest_are_kept(ImageFormat format)
    {
        foreach (int tail in (int[])[0, 1, 3])
        {
            var sink = new RecordingSink();
            var stream = new RemusStream(5, checkpoints: 3, format).End(withRest: false, tail);
            XenStreamSummary summary = Feed.Read(stream.Bytes, sink);
            Assert.Equal((true, (long)tail), (summary.EndsAtCheckpoint, summary.RecordsDropped));
            AssertCheckpoints(stream, sink, 3);
            Assert.Equal(sink.Checkpoints[^1].Sections, sink.Sections.Count);

            sink = new RecordingSink();
            summary = Feed.Read(new RemusStream(5, checkpoints: 3, format).End(withRest: true, tail).Bytes, sink);
            Assert.Equal((false, 0L), (summary.EndsAtCheckpoint, summary.RecordsDropped));
            Assert.Equal(Enumerable.Range(0, tail).Sum(i => 8 + 8 + (i == 0 ? 0 : 8)) + 8, sink.Sections[^1].Item2.Length);
        }
    }

    [Fact]
    public void Of_a_suspend_image_too()
    {
        byte[] Image(bool withRest)
        {
            XenStreamWriter writer = new XenStreamWriter().Xapi().XapiRecord(0xF0, []).Libxc().Record(0x10).Pages((1, XenStreamWriter.Page(1))).Record(9, new byte[8]).Record(0xE);
            return (withRest ? writer.Record(9, new byte[8]) : writer).Record(0).XapiRecord(0xF01, new byte[16]).XapiRecord(0xFFFF, []).ToArray();
        }

        var sink = new RecordingSink();
        Assert.Equal(1, Feed.Read(Image(withRest: false), sink).RecordsDropped);
        Assert.Equal(sink.Checkpoints[^1].Sections, sink.Sections.Count);
        Assert.Equal(0, Feed.Read(Image(withRest: true), sink = new RecordingSink()).RecordsDropped);
        Assert.Equal(XenSections.XapiTail, sink.Sections[^1].Item1);
    }

    [Fact]
    public void What_is_wrong_behind_a_checkpoint_is_still_an_error()
    {
        byte[] bytes = [.. new RemusStream(1, checkpoints: 2).Bytes, .. new XenStreamWriter().Record(0x13).ToArray()];
        Assert.Throws<UnsupportedException>(() => Feed.Read(bytes, new RecordingSink()));
    }

    [Fact]
    public void Each_checkpoint_may_have_as_much_state_as_the_first_one()
    {
        // 40 checkpoints of 100 KB are more than the limit all together.
        var writer = new XenStreamWriter().Libxc().Record(0x10).Pages((1, XenStreamWriter.Page(1)));
        for (int i = 0; i < 40; i++)
        {
            writer.Record(9, new byte[100_000]).Record(0xE);
        }

        XenStreamSummary summary = Feed.Read(writer.ToArray(), new CountingSink(), new XenStreamOptions { MaxSectionBytes = 150_000 });
        Assert.Equal(40, summary.Checkpoints);

        writer.Record(9, new byte[100_000]).Record(9, new byte[100_000]);
        Assert.Throws<UnsupportedException>(() => Feed.Read(writer.ToArray(), new CountingSink(), new XenStreamOptions { MaxSectionBytes = 150_000 }));
    }

    /// <summary>Each end of a checkpoint and what lies around it, and every so often another.</summary>
    private static IEnumerable<int> Lengths(RemusStream stream)
    {
        int[] ends = [.. stream.Checkpoints.Select(checkpoint => (int)checkpoint.End)];
        return Enumerable.Range(1, stream.Bytes.Length).Where(length => length % 997 == 0 || ends.Any(end => Math.Abs(end - length) < 40));
    }

    private static void AssertCheckpoints(RemusStream stream, RecordingSink sink, int count)
    {
        Assert.Equal(count, sink.Checkpoints.Count);
        int section = 0;
        for (int i = 0; i < count; i++)
        {
            Dictionary<long, (byte, byte[]?)> guest = [];
            foreach (RecordingSink.Entry entry in sink.Entries.Take(sink.Checkpoints[i].Entries))
            {
                guest[entry.Pfn] = (entry.Type, entry.Data);
            }

            Assert.Equal(stream.Checkpoints[i].Guest.Select(page => (page.Key, page.Value.Type)), guest.OrderBy(page => page.Key).Select(page => (page.Key, page.Value.Item1)));
            Assert.All(stream.Checkpoints[i].Guest, page => Assert.Equal(page.Value.Data, guest[page.Key].Item2));
            Dictionary<string, byte[]> sections = sink.Sections[section..sink.Checkpoints[i].Sections].ToDictionary();
            section = sink.Checkpoints[i].Sections;
            Assert.Equal(stream.Checkpoints[i].State, sections[XenSections.LibxcState]);
            Assert.Equal(stream.Checkpoints[i].Tail, sections.GetValueOrDefault(XenSections.LibxlTail, []));
        }
    }
}
