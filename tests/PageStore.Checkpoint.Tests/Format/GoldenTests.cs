using PageStore.FormatReader;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// Files of format version 1 that are kept in tests/golden/v1: every later version must read them, and this one writes the same
/// bytes. To write them anew after a change of the format, set PAGESTORE_GOLDEN to that folder and run these tests.
/// </summary>
public sealed class GoldenTests
{
    private const string Encrypted = "encrypted.pages";

    [Theory]
    [InlineData("plain.pages")]
    [InlineData("lz4.pages")]
    [InlineData("encrypted.pages")]
    [InlineData("packs.pages")]
    [InlineData("shared.pages")]
    public void The_library_writes_the_golden_bytes(string name)
    {
        byte[] written = Write(name).File;
        if (Environment.GetEnvironmentVariable("PAGESTORE_GOLDEN") is { Length: > 0 } folder)
        {
            File.WriteAllBytes(Path.Combine(folder, name), written);
        }

        byte[] golden = File.ReadAllBytes(GoldenPath(name));
        int same = written.AsSpan().CommonPrefixLength(golden);
        Assert.True(same == golden.Length && same == written.Length, $"{name} differs from byte {same} on");
    }

    [Theory]
    [InlineData("plain.pages")]
    [InlineData("lz4.pages")]
    [InlineData("encrypted.pages")]
    [InlineData("packs.pages")]
    [InlineData("shared.pages")]
    public void Both_readers_read_the_golden_files(string name)
    {
        IReadOnlyList<ModelEpoch> epochs = Write(name).Epochs;
        bool encrypted = name == Encrypted;
        ModelAssert.Matches(FormatFile.Open(GoldenPath(name), encrypted ? TestKeys.FormatKey : null), epochs);
        foreach (ReadMode mode in Enum.GetValues<ReadMode>())
        {
            using CheckpointReader reader = CheckpointReader.Open(GoldenPath(name), new CheckpointReaderOptions { ReadMode = mode, Key = encrypted ? TestKeys.Key : null });
            ModelAssert.Matches(reader, epochs);
            Assert.True(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Ok);
        }
    }

    private static (byte[] File, IReadOnlyList<ModelEpoch> Epochs) Write(string name) => name switch
    {
        "lz4.pages" => SampleFiles.WriteTiny(),
        "packs.pages" => SampleFiles.WritePacked(),
        "shared.pages" => SampleFiles.WriteShared(),
        Encrypted => SampleFiles.WriteTiny(encrypted: true),
        _ => SampleFiles.WriteRich(lz4: false),
    };

    private static string GoldenPath(string name) => Path.Combine(AppContext.BaseDirectory, "golden", "v1", name);
}
