using System.Buffers.Binary;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Keys: how they are read, which fit which file, and what a hostile header can ask for.</summary>
public sealed class KeyTests : IDisposable
{
    private static readonly byte[] Bytes = [.. Enumerable.Range(0, 32).Select(i => (byte)(i + 200))];

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public static TheoryData<byte[]> Keys => new()
    {
        Bytes,
        Ascii(Convert.ToHexString(Bytes)),
        Ascii(Convert.ToHexStringLower(Bytes) + "\n"),
        Ascii(Convert.ToBase64String(Bytes)),
        Ascii(Convert.ToBase64String(Bytes) + "\r\n"),
    };

    public static TheoryData<byte[]> NoKeys => new()
    {
        Array.Empty<byte>(),
        Bytes[..31],
        new byte[33],
        Ascii(Convert.ToHexString(Bytes)[..62]),
        Ascii(Convert.ToHexString(Bytes) + "\n\n"),
        Ascii(Convert.ToHexString(Bytes)[..63] + "g"),
        Ascii(Convert.ToBase64String(Bytes[..31])),
        Ascii(Convert.ToBase64String([.. Bytes, 1])),
        new byte[100_000],
    };

    public void Dispose() => File.Delete(_path);

    [Theory]
    [MemberData(nameof(Keys))]
    public void A_key_file_holds_bytes_digits_or_base64(byte[] content)
    {
        File.WriteAllBytes(_path, content);
        using CheckpointKey key = CheckpointKey.FromKeyFile(_path);
        using SecretBytes master = key.DeriveMaster([], 0);
        Assert.Equal(Bytes, master.Span.ToArray());
    }

    [Theory]
    [MemberData(nameof(NoKeys))]
    public void Whatever_else_a_key_file_holds_is_refused_by_name(byte[] content)
    {
        File.WriteAllBytes(_path, content);
        Assert.Contains(_path, Assert.Throws<WrongKeyException>(() => CheckpointKey.FromKeyFile(_path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disposed_key_is_zero_and_unusable()
    {
        CheckpointKey key = CheckpointKey.FromBytes(Bytes);
        key.Dispose();
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.DeriveMaster([], 0));
        var secret = new SecretBytes(4);
        Span<byte> span = secret.Span;
        span.Fill(7);
        secret.Dispose();
        Assert.Equal(new byte[4], span.ToArray());
    }

    [Fact]
    public void A_file_stays_open_when_its_key_is_disposed()
    {
        var file = new MemoryFile();
        CheckpointKey key = CheckpointKey.FromBytes(Bytes);
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), TestKeys.Writer with { Key = key });
        key.Dispose();
        Commit(writer);
        Assert.Throws<WrongKeyException>(() => CheckpointReader.Open(new MemoryStorage(file), TestKeys.Reader));
    }

    [Fact]
    public void Wrong_missing_and_needless_keys_are_told_apart()
    {
        MemoryFile secret = Make(TestKeys.Writer);
        MemoryFile plain = Make(new());
        using CheckpointKey phrase = CheckpointKey.FromPassphrase("a phrase");

        Assert.Contains("is not that of", Refused(secret, TestKeys.Other), StringComparison.Ordinal);
        Assert.Contains("is encrypted", Refused(secret, null), StringComparison.Ordinal);
        Assert.Contains("was encrypted with a key", Refused(secret, phrase), StringComparison.Ordinal);
        Assert.Contains("is not encrypted", Refused(plain, TestKeys.Key), StringComparison.Ordinal);
    }

    [Fact]
    public void A_passphrase_opens_what_it_closed()
    {
        using CheckpointKey phrase = CheckpointKey.FromPassphrase("Größe 7");
        using CheckpointKey other = CheckpointKey.FromPassphrase("Größe 8");
        MemoryFile file = Make(TestKeys.Writer with { Key = phrase, KeyDerivationIterations = 1000 });
        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file), new CheckpointReaderOptions { Key = phrase });
        Assert.True(reader.Encryption!.UsesPassphrase);
        Assert.True(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Ok);
        Assert.Equal(1L, FormatReader.FormatFile.Open(file.ToArray(), new FormatReader.FormatKey(null, "Größe 7")).Epochs.Count);
        Assert.Contains("is not that of", Refused(file, other), StringComparison.Ordinal);
        Assert.Contains("with a passphrase", Refused(file, TestKeys.Key), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => CheckpointKey.FromPassphrase(string.Empty));
        Assert.Throws<ArgumentException>(() => CheckpointKey.FromPassphrase("\ud800"));
    }

    [Theory]
    [InlineData(64, 2, "cipher 2")]
    [InlineData(65, 7, "method 7")]
    [InlineData(71, 0x7F, "iterations")]
    [InlineData(68, 1, "iterations")]
    public void A_header_that_asks_for_what_is_not_known_is_refused_by_name(int offset, byte value, string named)
    {
        MemoryFile file = Forged(header => header[offset] = value);
        foreach (CheckpointKey? key in new[] { TestKeys.Key, null })
        {
            UnsupportedException refused = Assert.Throws<UnsupportedException>(() => CheckpointReader.Open(new MemoryStorage(file), new CheckpointReaderOptions { Key = key }));
            Assert.Contains(named, refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(66)]
    [InlineData(140)]
    [InlineData(191)]
    [InlineData(300)]
    [InlineData(120)]
    [InlineData(56)]
    public void A_header_that_was_changed_with_its_sum_set_right_is_refused(int offset)
    {
        MemoryFile file = Forged(header => header[offset] ^= 1);
        Assert.Throws<CorruptDataException>(() => CheckpointReader.Open(new MemoryStorage(file), TestKeys.Reader));
    }

    [Fact]
    public void Segments_of_64_KiB_are_too_small_for_sealed_chunks()
    {
        var options = new CheckpointWriterOptions { Key = TestKeys.Key, SegmentSize = 1 << 16 };
        Assert.Throws<ArgumentOutOfRangeException>(() => CheckpointWriter.Create(_path, options));
        MemoryFile file = Forged(header => header[36] = 16);
        Assert.Throws<CorruptDataException>(() => CheckpointReader.Open(new MemoryStorage(file), TestKeys.Reader));
    }

    [Fact]
    public void A_host_without_the_library_is_told_so()
    {
        UnsupportedException missing = Assert.Throws<UnsupportedException>(() => CryptoSupport.ThrowUnless(available: false));
        Assert.True(missing.IsMissingOnHost);
        Assert.Contains("libssl", missing.Message, StringComparison.Ordinal);
        Assert.False(CryptoSupport.FindsLibrary(_ => false));
        Assert.True(CryptoSupport.FindsLibrary(name => name == "libssl.so.1.1"));
        CryptoSupport.ThrowUnless(available: true);
    }

    private static byte[] Ascii(string text) => System.Text.Encoding.ASCII.GetBytes(text);

    private static string Refused(MemoryFile file, CheckpointKey? key)
    {
        string reading = Assert.Throws<WrongKeyException>(() => CheckpointReader.Open(new MemoryStorage(file), new CheckpointReaderOptions { Key = key })).Message;
        Assert.Equal(reading, Assert.Throws<WrongKeyException>(() => CheckpointWriter.Open(new MemoryStorage(file), new CheckpointWriterOptions { Key = key })).Message);
        return reading;
    }

    private static MemoryFile Make(CheckpointWriterOptions options)
    {
        var file = new MemoryFile();
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), options);
        Commit(writer);
        return file;
    }

    private static void Commit(CheckpointWriter writer)
    {
        using EpochBuilder epoch = writer.BeginEpoch();
        epoch.WritePages(new Pfn(3), HistoryPages.Random(1, 1));
        epoch.Commit();
    }

    /// <summary>An encrypted file whose two headers were changed alike, sums and all.</summary>
    private static MemoryFile Forged(Action<byte[]> change)
    {
        byte[] file = Make(TestKeys.Writer).ToArray();
        byte[] header = file[..Layout.HeaderSize];
        change(header);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(FileHeader.SumOffset), ContentSum.Of(header.AsSpan(0, FileHeader.SumOffset)).Value);
        header.CopyTo(file, (int)Layout.HeaderOffset);
        header.CopyTo(file, (int)Layout.HeaderCopyOffset);
        return new MemoryFile(file);
    }
}
