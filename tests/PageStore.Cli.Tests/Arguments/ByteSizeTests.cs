using System.Globalization;
using FsCheck.Xunit;

namespace PageStore.Cli.Tests;

public class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0L)]
    [InlineData("4096", 4096L)]
    [InlineData("4096B", 4096L)]
    [InlineData("64k", 65536L)]
    [InlineData("64KB", 65536L)]
    [InlineData("1.5kib", 1536L)]
    [InlineData("512MiB", 512L << 20)]
    [InlineData("1GiB", 1L << 30)]
    [InlineData("2t", 2L << 40)]
    [InlineData("8191PiB", 8191L << 50)]
    [InlineData("9007199254740993", 9007199254740993L)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void Sizes_are_read(string text, long bytes) => Assert.Equal(bytes, ByteSize.TryParse(text));

    [Theory]
    [InlineData("")]
    [InlineData("GiB")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1e3")]
    [InlineData("1,000")]
    [InlineData(" 1")]
    [InlineData("1 GiB")]
    [InlineData("1iB")]
    [InlineData("1GiBB")]
    [InlineData("1GG")]
    [InlineData("1E")]
    [InlineData("0x10")]
    [InlineData("1.2.3")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-Infinity")]
    [InlineData("8192PiB")]
    [InlineData("9223372036854775808")]
    [InlineData("99999999999999999999999999999999999999999")]
    public void Everything_else_is_refused(string text) => Assert.Null(ByteSize.TryParse(text));

    [Property]
    public bool No_text_throws_or_is_negative(string text) => text is null || ByteSize.TryParse(text) is null or >= 0;

    [Property]
    public bool Numbers_with_units_are_products(uint number, byte unit) =>
        ByteSize.TryParse(string.Create(CultureInfo.InvariantCulture, $"{number}{"KMG"[unit % 3]}iB")) == (long)number << (10 * (1 + (unit % 3)));

    [Property]
    public bool What_is_written_reads_back_within_its_digits(uint number, byte shift)
    {
        long bytes = (long)number << (shift % 30);
        long read = ByteSize.TryParse(ByteSize.Format(bytes).Replace(" ", string.Empty, StringComparison.Ordinal)) ?? -1;
        return Math.Abs(read - bytes) <= bytes * 0.005;
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(1L << 30, "1 GiB")]
    [InlineData(long.MaxValue, "8192 PiB")]
    public void Sizes_are_written(long bytes, string text) => Assert.Equal(text, ByteSize.Format(bytes));
}
