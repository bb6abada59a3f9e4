using FsCheck.Xunit;
using PageStore.FormatReader;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// Whatever histories the library writes, it reads them back in both modes, and so does a reader that was written from
/// docs/format.md alone: all equal to a naive oracle.
/// </summary>
public sealed class HistoryTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Property(MaxTest = 100, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Histories_read_back_as_the_oracle_knows_them(History history) => WriteAndReadBack(history);

    [Property(MaxTest = 60, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Encrypted_histories_read_back_as_the_oracle_knows_them(History history) => WriteAndReadBack(history with { Encrypted = true });

    private void WriteAndReadBack(History history)
    {
        File.Delete(_path);
        var run = new HistoryWriter(history, () => CheckpointWriter.Create(_path, history.WriterOptions), () => CheckpointWriter.Open(_path, history.WriterOptions));
        run.Run();

        Assert.All(run.Infos.Zip(run.Epochs), pair => ModelAssert.MatchesInfo(pair.First, pair.Second));
        int?[] packed = [.. run.Epochs.Select(model => model.Packs.LastOrDefault()?.Length)];
        FormatFile file = FormatFile.Open(_path, history.Encrypted ? TestKeys.FormatKey : null);
        Assert.Equal(history.PageSize, file.Header.PageSize);
        Assert.Equal(history.WriterOptions.SegmentSize, file.Header.SegmentSize);
        ModelAssert.Matches(file, run.Epochs);
        Assert.Equal(packed, file.Epochs.Select(epoch => epoch.Pack?.Count));
        foreach (ReadMode mode in Enum.GetValues<ReadMode>())
        {
            using CheckpointReader reader = CheckpointReader.Open(_path, history.ReaderOptions with { ReadMode = mode });
            ModelAssert.Matches(reader, run.Epochs);
            Assert.Equal(packed, reader.Epochs().Select(info => (int?)info.Pack?.Pages));
            VerifyReport report = reader.VerifyDeep();
            Assert.Empty(report.Damage);
            Assert.Empty(report.Warnings);
            Assert.Equal(run.Epochs.Count, report.Epochs);
        }
    }
}
