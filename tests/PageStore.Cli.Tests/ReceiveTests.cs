using System.Diagnostics;
using System.Text;
using PageStore.Checkpoint;
using PageStore.Checkpoint.Tests;

namespace PageStore.Cli.Tests;

/// <summary><c>pagestore receive</c> in the place of the receiver of <c>xl remus</c>, and what is exported of its epochs.</summary>
public sealed class ReceiveTests : IDisposable
{
    private static readonly string[] WordsOfXl = ["backup", "xl", "migrate-receive", "-r"];

    private readonly TempFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Each_checkpoint_becomes_an_epoch_that_is_exported_as_a_whole_stream(int seed)
    {
        var stream = new RemusStream(seed, checkpoints: 5);
        ToolRun run = Receive(stream.Bytes);
        Assert.Equal((0, "xl migration receiver ready, send binary domain data.\n"), (run.Code, Encoding.ASCII.GetString(run.Bytes)));
        Assert.Contains("5 epochs", run.Error, StringComparison.Ordinal);
        string[] told = run.Error.Split(Environment.NewLine);
        Assert.All([1, 2, 3, 4, 5], epoch => Assert.Matches($"^epoch {epoch}: [0-9]+ pages \\([^)]+\\) written$", told[epoch - 1]));
        Assert.Contains("the sender is gone", run.Error, StringComparison.Ordinal);
        AssertEpochs(stream, 5);
        ToolRun.Ok("verify", _folder["f"], "--deep");
    }

    [Fact]
    public void What_follows_the_last_checkpoint_is_dropped_and_the_next_stream_goes_on()
    {
        var stream = new RemusStream(4, checkpoints: 3);
        AssertFails([.. stream.Bytes, .. new RemusStream(5, checkpoints: 1).Bytes.AsSpan(200, 1000)], code: 3);
        AssertEpochs(stream, 3);

        // The guest was started anew, and is another one now: what only the old one had is gone.
        var next = new RemusStream(6, checkpoints: 2);
        Assert.Equal(0, Receive(next.Bytes).Code);
        using CheckpointReader reader = CheckpointReader.Open(_folder["f"]);
        Assert.Equal(5, reader.EpochCount);
        AssertExports(next.Checkpoints[0], 4);
        AssertExports(next.Checkpoints[1], 5);
    }

    [Fact]
    public void A_stream_that_ends_in_order_is_no_loss_and_its_rest_is_an_epoch()
    {
        string command = $"touch '{_folder["lost"]}'";
        ToolRun run = Receive(new RemusStream(7, checkpoints: 2).End(withRest: true).Bytes, "--on-loss", command);
        Assert.Equal(0, run.Code);
        Assert.Contains("3 epochs", run.Error, StringComparison.Ordinal);
        Assert.Contains("the stream has ended", run.Error, StringComparison.Ordinal);
        Assert.Equal(["f"], _folder.Files);

        Assert.Contains("2 epochs", Receive(new RemusStream(7, checkpoints: 2).End(withRest: false).Bytes, "--on-loss", command).Error, StringComparison.Ordinal);
        Assert.Equal(["f"], _folder.Files);
    }

    [Fact]
    public void A_sender_that_is_gone_before_its_first_checkpoint_leaves_no_file_and_no_failover()
    {
        byte[] bytes = new RemusStream(8, checkpoints: 1).Bytes;
        Receive(bytes[..^1], "--on-loss", $"touch '{_folder["lost"]}'").Failed(3);
        Receive([], "--on-loss", $"touch '{_folder["lost"]}'").Failed(3);
        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void The_command_for_the_loss_is_told_which_epoch_is_left()
    {
        var stream = new RemusStream(9, checkpoints: 3);
        ToolRun run = Receive(
            stream.Bytes[..^3], "--on-loss", $"echo \"$PAGESTORE_FILE $PAGESTORE_EPOCH $PAGESTORE_CHECKPOINT\" >'{_folder["lost"]}'; echo to the operator; cat");
        Assert.Equal(0, run.Code);
        Assert.Equal($"{_folder["f"]} 2 {_folder["f"]}@2\n", File.ReadAllText(_folder["lost"]));

        ToolRun failed = Receive(stream.Bytes, "--on-loss", "exit 9");
        Assert.Equal(7, failed.Code);
        Assert.Contains($"exit code 9. The epoch is whole: {_folder["f"]}@5", failed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_command_says_goes_to_standard_error_and_what_it_leaves_is_not_waited_for()
    {
        var stream = new RemusStream(13, checkpoints: 1);
        using Process receive = ToolProcess.Start(["receive", "-o", _folder["f"], "--on-loss", "echo to the operator; sleep 600 >/dev/null 2>&1 & echo $! >" + _folder["pid"], .. WordsOfXl]);
        await receive.StandardInput.BaseStream.WriteAsync(stream.Bytes, Cancellation);
        (int code, string output, string error) = await ToolProcess.EndAsync(receive);
        using Process left = Process.GetProcessById(int.Parse(File.ReadAllText(_folder["pid"]), System.Globalization.CultureInfo.InvariantCulture));
        Assert.False(left.HasExited);
        left.Kill();
        Assert.Equal((0, "xl migration receiver ready, send binary domain data.\n"), (code, output));
        Assert.Contains("to the operator", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sender_that_says_nothing_any_more_is_gone()
    {
        var stream = new RemusStream(14, checkpoints: 2);
        using Process receive = ToolProcess.Start(["receive", "-o", _folder["f"], "--timeout", "1", "--on-loss", $"touch '{_folder["lost"]}'", .. WordsOfXl]);
        await receive.StandardInput.BaseStream.WriteAsync(stream.Bytes, Cancellation);
        await receive.StandardInput.BaseStream.FlushAsync(Cancellation);
        await receive.WaitForExitAsync(Cancellation);
        Assert.Equal(0, receive.ExitCode);
        Assert.Equal(["f", "lost"], _folder.Files);
        Assert.Contains("Nothing has come from the sender for 1 s", await receive.StandardError.ReadToEndAsync(Cancellation), StringComparison.Ordinal);
        AssertEpochs(stream, 2);
    }

    [Fact]
    public void Who_cannot_write_the_file_does_not_tell_the_sender_to_begin()
    {
        byte[] bytes = new RemusStream(15, checkpoints: 1).Bytes;
        foreach (string file in (string[])[_folder["none/f"], _folder[string.Empty]])
        {
            ToolRun run = ToolRun.WithInput(bytes, ["receive", "-o", file, .. WordsOfXl]).Failed(4);
            Assert.Empty(run.Bytes);
            Assert.Contains(file, run.Error, StringComparison.Ordinal);
        }

        using CheckpointWriter writer = CheckpointWriter.Create(_folder["f"]);
        Assert.Empty(Receive(bytes).Failed(4).Bytes);
        Assert.Equal(["f"], _folder.Files);
    }

    [Fact]
    public void An_import_says_that_a_stream_breaks_off()
    {
        var stream = new RemusStream(16, checkpoints: 3);
        ToolRun run = ToolRun.Of("import", _folder.Write("image", stream.Bytes), "-o", _folder["f"], "--json");
        Assert.Equal((0, 3, true), (run.Code, run.Json.GetProperty("epochs").GetInt64(), run.Json.GetProperty("cutOff").GetBoolean()));
        Assert.Contains("breaks off behind its checkpoint 3", run.Error, StringComparison.Ordinal);
        AssertEpochs(stream, 3);
    }

    [Fact]
    public void What_belongs_to_no_epoch_of_a_stream_is_told()
    {
        RemusStream stream = new RemusStream(17, checkpoints: 3).End(withRest: false, tail: 2);
        ToolRun run = ToolRun.Of("import", _folder.Write("image", stream.Bytes), "-o", _folder["f"], "--json");
        Assert.Equal((0, 3, 2), (run.Code, run.Json.GetProperty("epochs").GetInt64(), run.Json.GetProperty("recordsDropped").GetInt64()));
        Assert.Contains("2 records behind the end of the stream were dropped", run.Error, StringComparison.Ordinal);
        AssertEpochs(stream, 3);
        Assert.Contains("2 records behind the end of the stream were dropped", Receive(stream.Bytes).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_last_epochs_are_kept()
    {
        var stream = new RemusStream(10, checkpoints: 9);
        Assert.Equal(0, Receive(stream.Bytes, "--keep-last", "2", "--compression", "lz4").Code);
        using CheckpointReader reader = CheckpointReader.Open(_folder["f"]);
        Assert.Equal([8L, 9], reader.Epochs().Select(epoch => epoch.Id.Value));
        AssertExports(stream.Checkpoints[7], 8);
        AssertExports(stream.Checkpoints[8], 9);
    }

    [Theory]
    [InlineData("receive", "backup", "xl", "migrate-receive", "-r")]
    [InlineData("import", "-")]
    public async Task An_epoch_is_there_before_more_is_sent(string command, params string[] words)
    {
        var stream = new RemusStream(11, checkpoints: 3);
        using Process receive = ToolProcess.Start([command, "-o", _folder["f"], .. words]);
        long sent = 0;
        for (int i = 0; i < 3; i++)
        {
            await receive.StandardInput.BaseStream.WriteAsync(stream.Bytes.AsMemory((int)sent, (int)(stream.Checkpoints[i].End - sent)), Cancellation);
            await receive.StandardInput.BaseStream.FlushAsync(Cancellation);
            sent = stream.Checkpoints[i].End;
            await WaitForEpochsAsync(i + 1);
        }

        receive.Kill();
        await receive.WaitForExitAsync(Cancellation);
        AssertEpochs(stream, 3);
    }

    [Fact]
    public async Task Ctrl_C_keeps_what_was_committed_and_is_no_loss()
    {
        var stream = new RemusStream(12, checkpoints: 2);
        using Process receive = ToolProcess.Start(["receive", "-o", _folder["f"], "--on-loss", $"touch '{_folder["lost"]}'", .. WordsOfXl]);
        await receive.StandardInput.BaseStream.WriteAsync(stream.Bytes, Cancellation);
        await receive.StandardInput.BaseStream.FlushAsync(Cancellation);
        await WaitForEpochsAsync(2);
        await ToolProcess.SignalAsync(receive, "INT");
        await receive.WaitForExitAsync(Cancellation);
        Assert.Equal((130, "f"), (receive.ExitCode, string.Join(' ', _folder.Files)));
        AssertEpochs(stream, 2);
    }

    [Theory]
    [InlineData("--on-los", "x")]
    [InlineData("backup", "xl")]
    [InlineData("backup", "scp", "migrate-receive", "-r")]
    [InlineData("--keep-last", "0")]
    public void Other_words_than_those_of_xl_are_refused(params string[] words) =>
        ToolRun.Of(["receive", "-o", _folder["f"], .. words]).Failed(2);

    [Fact]
    public void An_epoch_that_did_not_come_from_Xen_is_not_written_for_it()
    {
        ToolRun.Ok("import", _folder.Write("image", RawImages.Mixed(10, 1)), "-o", _folder["f"]);
        ToolRun run = ToolRun.Of("export", _folder["f"], "--format", "xl", "-o", _folder["x"]).Failed(3);
        Assert.Contains("no section \"xl-header\"", run.Error, StringComparison.Ordinal);
        Assert.Equal(["f", "image"], _folder.Files);
    }

    /// <summary>One line behind those of the epochs tells what is wrong.</summary>
    private void AssertFails(byte[] stream, int code)
    {
        ToolRun run = Receive(stream);
        Assert.Equal(code, run.Code);
        Assert.StartsWith("pagestore: ", Assert.Single(run.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries), line => !line.StartsWith("epoch ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    private ToolRun Receive(byte[] stream, params string[] options) =>
        ToolRun.WithInput(stream, ["receive", "-o", _folder["f"], .. options, .. WordsOfXl]);

    private async Task WaitForEpochsAsync(int count)
    {
        // Ends by the test's own timeout, or by a tool that is gone.
        while (!File.Exists(_folder["f"]) || CountEpochs() < count)
        {
            await Task.Delay(20, Cancellation);
        }
    }

    private long CountEpochs()
    {
        try
        {
            using CheckpointReader reader = CheckpointReader.Open(_folder["f"]);
            return reader.EpochCount;
        }
        catch (CorruptDataException)
        {
            // It is being created.
            return 0;
        }
    }

    private void AssertEpochs(RemusStream stream, int count)
    {
        using CheckpointReader reader = CheckpointReader.Open(_folder["f"]);
        Assert.Equal(count, reader.EpochCount);
        Assert.All(reader.Epochs(), epoch => Assert.Equal((EpochConsistency.Restorable, stream.GuestId), (epoch.Consistency, epoch.GuestId)));
        for (int i = 0; i < count; i++)
        {
            AssertExports(stream.Checkpoints[i], i + 1);
        }
    }

    /// <summary>Both streams of an epoch are, by the tests' own parser, the guest of the checkpoint; each page once, ascending.</summary>
    private void AssertExports(RemusStream.Checkpoint checkpoint, int epoch)
    {
        byte[] xl = ToolRun.Ok("export", $"{_folder["f"]}@{epoch}", "--format", "xl", "-o", "-").Bytes;
        byte[] libxc = ToolRun.Ok("export", $"{_folder["f"]}@{epoch}", "--format", "libxc", "-o", "-").Bytes;
        Assert.True(xl.AsSpan().IndexOf(libxc) > 0);
        XenOracleParser parser = XenOracleParser.Parse(xl);
        Assert.Equal(checkpoint.State, parser.Sections[XenSections.LibxcState]);
        Assert.Equal(checkpoint.Tail, parser.Sections[XenSections.LibxlTail]);

        // Holes are left out, but for the last page.
        var expected = checkpoint.Guest.Where(page => page.Value.Type != 15 || page.Key == checkpoint.Guest.Keys.Max()).ToList();
        Assert.Equal(expected.Select(page => (page.Key, page.Value.Type)), parser.Entries.Select(entry => (entry.Pfn, entry.Type)));
        for (int i = 0; i < expected.Count; i++)
        {
            int at = parser.Entries[i].At;
            Assert.True(at < 0 ? expected[i].Value.Data is null : xl.AsSpan(at, 4096).SequenceEqual(expected[i].Value.Data));
        }
    }
}
