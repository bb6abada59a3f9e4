using System.Diagnostics;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Another process reads the file while this one writes it.</summary>
public sealed class TwoProcessesTests : IDisposable
{
    private const int Epochs = 30;
    private const int Pages = 300;

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Theory(Timeout = 300_000)]
    [InlineData(ReadMode.Mapped)]
    [InlineData(ReadMode.Positional)]
    public async Task A_second_process_reads_each_epoch_whole_while_the_first_commits(ReadMode mode)
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        using CheckpointWriter writer = CheckpointWriter.Create(_path, new CheckpointWriterOptions { SegmentSize = 1 << 16, Codec = PageCodecs.Lz4 });
        using Process peer = StartPeer(mode);
        using CancellationTokenRegistration kill = cancel.Register(peer.Kill);
        Assert.Equal("ready", await peer.StandardOutput.ReadLineAsync(cancel));

        var sums = new Dictionary<string, string>();
        byte[] image = new byte[Pages * 4096];
        var random = new Random(11);
        List<string?> lines = [];
        for (int epoch = 1; epoch <= Epochs; epoch++)
        {
            WriteEpoch(writer, image, random);
            sums.Add($"{epoch}", ContentSum.Of(image).ToString());
            if (epoch == 1)
            {
                // From here on it is surely reading while this process commits.
                lines.Add(await peer.StandardOutput.ReadLineAsync(cancel));
            }
        }

        string rest = await peer.StandardOutput.ReadToEndAsync(cancel);
        string errors = await peer.StandardError.ReadToEndAsync(cancel);
        await peer.WaitForExitAsync(cancel);
        Assert.True(peer.ExitCode == 0, errors);
        lines.AddRange(rest.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.All(lines, line => Assert.Equal(sums[line!.Split(' ')[0]], line.Split(' ')[1]));
        Assert.Equal(sums.Keys, lines.TakeLast(Epochs).Select(line => line!.Split(' ')[0]));
    }

    private static void WriteEpoch(CheckpointWriter writer, byte[] image, Random random)
    {
        using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest, PageCount = Pages });
        for (int i = 0; i < 40; i++)
        {
            int pfn = random.Next(Pages);
            Span<byte> page = image.AsSpan(pfn * 4096, 4096);
            page.Clear();
            random.NextBytes(page[..random.Next(4096)]);
            builder.WritePages(new Pfn(pfn), page);
        }

        builder.Commit();
    }

    private Process StartPeer(ReadMode mode)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "PageStore.Checkpoint.Peer.dll");
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            ArgumentList = { program, "follow", _path, mode.ToString(), $"{Epochs}" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }
}
