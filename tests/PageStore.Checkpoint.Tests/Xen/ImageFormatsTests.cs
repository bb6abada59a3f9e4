using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What an image is told to be by its first bytes.</summary>
public class ImageFormatsTests
{
    [Fact]
    public void Streams_are_told_apart()
    {
        Assert.Equal(ImageFormat.XlSave, Detect(new XenStreamWriter().Xl().ToArray()));
        Assert.Equal(ImageFormat.LibxlStream, Detect(new XenStreamWriter().Libxl().ToArray()));
        Assert.Equal(ImageFormat.LibxcStream, Detect(new XenStreamWriter().Libxc().ToArray()));
        Assert.Equal(ImageFormat.XapiImage, Detect(new XenStreamWriter().Xapi().ToArray()));
    }

    [Fact]
    public void Everything_else_is_raw()
    {
        Assert.Equal(ImageFormat.Raw, Detect([]));
        Assert.Equal(ImageFormat.Raw, Detect(new byte[4096]));
        Assert.Equal(ImageFormat.Raw, Detect([0x58]));
        Assert.Equal(ImageFormat.Raw, Detect([.. Enumerable.Repeat((byte)0xFF, 4096)]));
        Assert.Equal(ImageFormat.Raw, Detect("Xen saved domain, something else"u8.ToArray()));
    }

    [Fact]
    public void Image_truncated_in_its_magic_counts_as_its_format()
    {
        Assert.Equal(ImageFormat.XlSave, Detect("Xen saved dom"u8.ToArray()));
        Assert.Equal(ImageFormat.LibxcStream, Detect([.. Enumerable.Repeat((byte)0xFF, 8), (byte)'X']));
    }

    [Theory]
    [InlineData("\u001f\u008b\u0008", "gzip")]
    [InlineData("\u0028\u00b5\u002f\u00fd", "zstd")]
    [InlineData("\u00fd7zXZ\0", "xz")]
    [InlineData("\u0004\u0022\u004d\u0018", "LZ4")]
    [InlineData("XenSavedDomain\n", "legacy XAPI")]
    [InlineData("LinuxGuestRecord", "xend")]
    [InlineData("\u007fELF", "ELF")]
    [InlineData("EMiL", "LiME")]
    public void Known_foreign_formats_are_refused_by_name(string magic, string name)
    {
        byte[] bytes = [.. Encoding.Latin1.GetBytes(magic), .. new byte[64]];
        UnsupportedException e = Assert.Throws<UnsupportedException>(() => Detect(bytes));
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Detection_over_segments_equals_detection_over_an_array()
    {
        byte[] bytes = new XenStreamWriter().Xl().ToArray();
        var first = new Segment(bytes.AsMemory(0, 5));
        Segment last = first.Append(bytes.AsMemory(5, 20)).Append(bytes.AsMemory(25));
        Assert.Equal(ImageFormat.XlSave, ImageFormats.Detect(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length)));
    }

    [Fact]
    public async Task Detection_in_a_pipe_consumes_nothing()
    {
        byte[] bytes = new XenStreamWriter().Xl().Libxl().Record(1).Libxc().Record(0).Record(0).ToArray();
        XenStreamSummary summary = await Feed.InChunksAsync(bytes, 3, 1, async reader =>
        {
            Assert.Equal(ImageFormat.XlSave, await ImageFormats.DetectAsync(reader, TestContext.Current.CancellationToken));
            return await XenStreamReader.ReadAsync(reader, new CountingSink(), cancellationToken: TestContext.Current.CancellationToken);
        });
        Assert.Equal(bytes.Length, summary.Bytes);
    }

    [Fact]
    public async Task Image_shorter_than_any_magic_is_detected_when_it_ends() =>
        Assert.Equal(ImageFormat.Raw, await ImageFormats.DetectAsync(
            PipeReader.Create(new ReadOnlySequence<byte>([1, 2, 3])), TestContext.Current.CancellationToken));

    private static ImageFormat Detect(byte[] bytes) => ImageFormats.Detect(new ReadOnlySequence<byte>(bytes));

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory) => Memory = memory;

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
