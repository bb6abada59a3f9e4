using System.Buffers.Binary;
using PageStore.Checkpoint;
using PageStore.Checkpoint.Tests;
using PageStore.Cli;
using PageStore.Cli.Tests;
using PageStore.Native.Tests;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary><c>pagestore capture</c> of a domain that the test plays. Whatever happens, the domain runs afterwards, and its log is off.</summary>
[Collection(LibrariesCollection.Name)]
public sealed class CaptureCommandTests : IDisposable
{
    private const int Pages = 500;
    private const int Megabytes = 12;

    private readonly TempFolder _folder = new();
    private readonly FakeXen _xen = new(pages: Pages);

    public CaptureCommandTests()
    {
        var random = new Random(1);
        for (int page = 0; page < Pages; page += 2)
        {
            random.NextBytes(_xen.Page(page));
        }
    }

    public void Dispose()
    {
        Assert.Equal((0u, 0u, 0u), (_xen.Domain.Enabled, _xen.Domain.Pauses, _xen.Domain.Mappings));
        _xen.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_hook_runs_while_the_domain_stands_still_and_its_epoch_keeps_what_it_says()
    {
        string hook = $"touch '{_folder["at"]}'$PAGESTORE_EPOCH; until [ -e '{_folder["go"]}'$PAGESTORE_EPOCH ]; do sleep 0.02; done; echo snapshot of $PAGESTORE_DOMAIN at $PAGESTORE_EPOCH";
        Task<ToolRun> capture = Task.Run(() => Capture("--epochs", "2", "--interval", "0s", "--hook-paused", hook, "--hook-timeout", "600"), TestContext.Current.CancellationToken);
        for (int epoch = 1; epoch <= 2; epoch++)
        {
            while (!File.Exists(_folder[$"at{epoch}"]) && !capture.IsCompleted)
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }

            Assert.Equal(1u, Volatile.Read(ref _xen.Domain.Pauses));
            await File.WriteAllTextAsync(_folder[$"go{epoch}"], string.Empty, TestContext.Current.CancellationToken);
        }

        ToolRun run = await capture;
        Assert.Equal((ExitCode.Ok, string.Empty), (run.Code, run.Error));
        string inspected = ToolRun.Ok("inspect", _folder["f"]).Out;
        Assert.All([1, 2], epoch => Assert.Contains($"epoch {epoch}: the command of --hook-paused ended with exit code 0: snapshot of 7 at {epoch}", inspected, StringComparison.Ordinal));
    }

    [Fact]
    public void A_hook_that_fails_is_told_of_and_the_memory_is_kept()
    {
        ToolRun run = Capture("--epochs", "3", "--interval", "0s", "--hook-paused", "[ $PAGESTORE_EPOCH -ne 2 ]");
        Assert.Equal(ExitCode.Command, run.Code);
        Assert.Equal("pagestore: The command of --hook-paused ended with exit code 1. Epoch 2 is whole, and says so." + Environment.NewLine, run.Error);
        AssertEpochs(3);
    }

    [Fact]
    public void A_hook_that_hangs_stops_the_domain_once()
    {
        ToolRun run = Capture("--interval", "0s", "--hook-paused", "exec sleep 600", "--hook-timeout", "1");
        Assert.Equal(ExitCode.Command, run.Code);
        Assert.Contains("was killed after 1", run.Error, StringComparison.Ordinal);
        Assert.Contains("The capture ends here", run.Error, StringComparison.Ordinal);
        AssertEpochs(1);
    }

    [Theory]
    [InlineData("2", "paused restorable paused restorable paused")]
    [InlineData("last", "paused paused paused paused restorable")]
    [InlineData("every", "restorable restorable restorable restorable restorable")]
    public void Epochs_of_a_named_domain_are_restorable_where_that_is_asked_for(string which, string expected)
    {
        _xen.Domain.Name.Set("web");
        ToolRun run = LibrariesCollection.With(_xen, () => ToolRun.Of("capture", "xen:web", "-o", _folder["f"], "--epochs", "5", "--interval", "0s", "--restorable", which));
        Assert.Equal((ExitCode.Ok, string.Empty), (run.Code, run.Error));
        string[] kinds = expected.Split(' ');
        Assert.Equal(kinds, run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Contains(", restorable, paused ", StringComparison.Ordinal) ? "restorable" : "paused"));
        System.Text.Json.JsonElement epochs = ToolRun.Ok("inspect", "--json", _folder["f"]).Json.GetProperty("epochs");
        Assert.Equal(kinds, epochs.EnumerateArray().Select(epoch => epoch.GetProperty("consistency").GetString()));
        Assert.All(epochs.EnumerateArray(), epoch => Assert.Equal((FakeXen.Uuid, "00000007-"), (epoch.GetProperty("guestId").GetGuid(), epoch.GetProperty("bootInstance").GetString()![..9])));
        for (int id = 1; id <= kinds.Length; id++)
        {
            int code = ToolRun.Of("export", $"{_folder["f"]}@{id}", "--format", "libxc", "-o", _folder[$"x{id}"]).Code;
            Assert.Equal(kinds[id - 1] == "restorable" ? ExitCode.Ok : ExitCode.Data, code);
        }

        Assert.Equal((uint)kinds.Count(kind => kind == "restorable"), _xen.Domain.Resumes);
        AssertEpochs(5);
    }

    [Fact]
    public void A_restorable_epoch_is_exported_as_a_suspend_image_of_XAPI()
    {
        Assert.Equal(ExitCode.Ok, Capture("--epochs", "2", "--interval", "0s", "--restorable", "last").Code);
        byte[] libxc = ToolRun.Ok("export", _folder["f"], "--format", "libxc", "-o", "-").Bytes;

        byte[] image = ToolRun.Ok("export", _folder["f"], "--format", "xapi", "-o", "-").Bytes;

        // The signature; xenopsd's record, 0xf; the header of the libxc stream, 0xf0, which says no length; and behind it the end, 0xffff.
        const int signature = 15;
        Assert.Equal("XenSavedDomv2-\n", System.Text.Encoding.ASCII.GetString(image, 0, signature));
        Assert.Equal(0xful, BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(signature)));
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(signature + 8));
        Assert.Matches(@"^\(\(time \d{8}T\d\d:\d\d:\d\dZ\)\(word_size 64\)\)$", System.Text.Encoding.ASCII.GetString(image, signature + 16, length));
        byte[] rest = image[(signature + 16 + length)..];
        Assert.Equal([0xf0, .. new byte[15], .. libxc, 0xff, 0xff, .. new byte[14]], rest);

        Assert.Equal(0, ToolRun.WithInput(image, "import", "-", "-o", _folder["again"]).Code);
        Assert.Equal(libxc, ToolRun.Ok("export", _folder["again"], "--format", "libxc", "-o", "-").Bytes);
        Assert.Equal(image, ToolRun.Ok("export", _folder["again"], "--format", "xapi", "-o", "-").Bytes);
        Assert.Contains("taken of a paused guest", ToolRun.Of("export", _folder["f@1"], "--format", "xapi", "-o", "-").Failed(ExitCode.Data).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_domain_that_cannot_be_suspended_is_refused_before_anything_happens_to_it()
    {
        _xen.SetDeviceModel();
        foreach (string which in (string[])["every", "2", "last"])
        {
            ToolRun run = Capture("--restorable", which).Failed(ExitCode.Data);
            string line = Assert.Single(run.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
            Assert.All(["device model (QEMU)", "xl remus", "pagestore receive", "paused epochs"], words => Assert.Contains(words, line, StringComparison.Ordinal));
            ToolRun stream = LibrariesCollection.With(_xen, () => ToolRun.Of("capture", "xen:7", "-o", "-", "--restorable", which)).Failed(ExitCode.Data);
            Assert.Equal((line, 0), (stream.Error.TrimEnd(), stream.Bytes.Length));
        }

        Assert.Equal((0u, 0u, 0u), (_xen.Domain.Enables, _xen.Domain.Resumes, _xen.Domain.Stores));
        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void A_domain_with_a_device_model_has_whole_paused_epochs_although_its_log_does_not_tell_all()
    {
        _xen.SetDeviceModel();
        ToolRun run = Capture("--epochs", "2", "--interval", "0s", "--hook-paused", "true");
        Assert.Equal((ExitCode.Ok, 0u), (run.Code, _xen.Domain.Enables));
        Assert.StartsWith("pagestore: Domain 7 has a device model (QEMU)", Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        AssertEpochs(2);

        // What QEMU writes is in no log.
        _xen.Page(8)[5] ^= 1;
        Assert.Equal(ExitCode.Ok, Capture("--epochs", "1").Code);
        AssertEpochs(3);
        Assert.Contains("device model", Capture("--reads", "page-tables").Failed(ExitCode.Data).Error, StringComparison.Ordinal);

        ToolRun stream = LibrariesCollection.With(_xen, () => ToolRun.Of("capture", "xen:7", "-o", "-", "--epochs", "2", "--interval", "0s"));
        Assert.Equal((ExitCode.Ok, 0u), (stream.Code, _xen.Domain.Enables));
        Assert.Equal(2, ToolRun.WithInput(stream.Bytes, "import", "-", "-o", _folder["f"], "--json").Json.GetProperty("epochs").GetInt64());
        AssertEpochs(5);
    }

    [Fact]
    public void Accessed_bits_of_a_domain_are_cleared_where_that_is_asked_for_and_its_epochs_are_the_domain_then()
    {
        // A processor in long mode whose root is page 10 (struct hvm_hw_cpu: cr0, cr3, cr4, efer), and tables that map pages 100 to 102 as accessed.
        byte[] cpu = new byte[1032];
        foreach ((int at, ulong value) in ((int, ulong)[])[(656, 0x8005_0033), (672, 10 << 12), (680, 0x20), (992, 0xd01)])
        {
            BinaryPrimitives.WriteUInt64LittleEndian(cpu.AsSpan(at), value);
        }

        _xen.SetContext([2, 0, 0, 0, 8, 4, 0, 0, .. cpu]);
        for (int table = 10; table < 14; table++)
        {
            _xen.Page(table).Clear();
            BinaryPrimitives.WriteUInt64LittleEndian(_xen.Page(table), ((ulong)(table + 1) << 12) | 0x27);
        }

        for (int entry = 0; entry < 3; entry++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_xen.Page(13)[(entry * 8)..], ((ulong)(100 + entry) << 12) | 0x27);
        }

        Assert.Equal(ExitCode.Ok, Capture("--epochs", "1").Code);
        Assert.NotEqual(0, _xen.Page(13)[0] & 0x20);

        ToolRun run = Capture("--epochs", "2", "--interval", "0s", "--reads", "page-tables");

        Assert.Equal((ExitCode.Ok, string.Empty), (run.Code, run.Error));
        string[] lines = run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(", 0 pages read: 3 bits in 4 of 4 tables, 0 large pages, ", lines[0], StringComparison.Ordinal);
        Assert.Contains(", 0 pages read: 0 bits in 0 of 4 tables, 0 large pages, ", lines[1], StringComparison.Ordinal);
        Assert.All([0, 8, 16], at => Assert.Equal(0x07, _xen.Page(13)[at]));
        Assert.Equal(0x27, _xen.Page(12)[0]);
        AssertEpochs(3);
        System.Text.Json.JsonElement[] epochs = [.. ToolRun.Ok("inspect", "--json", _folder["f"]).Json.GetProperty("epochs").EnumerateArray()];
        Assert.Equal(3, epochs.Length);
    }

    [Fact]
    public void The_page_tables_of_a_PV_domain_are_not_changed()
    {
        _xen.Domain.Flags = 0;
        Assert.Contains("PV guest", Capture("--reads", "page-tables").Failed(ExitCode.Data).Error, StringComparison.Ordinal);
        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void A_stream_is_imported_elsewhere_as_the_same_epochs()
    {
        ToolRun run = LibrariesCollection.With(_xen, () => ToolRun.Of("capture", "xen:7", "-o", "-", "--epochs", "3", "--interval", "0s"));
        Assert.Equal((ExitCode.Ok, string.Empty), (run.Code, run.Out));
        Assert.Equal(3, run.Error.Split('\n').Count(line => line.StartsWith("epoch ", StringComparison.Ordinal)));
        ToolRun import = ToolRun.WithInput(run.Bytes, "import", "-", "-o", _folder["f"], "--json");
        Assert.Equal((0, 3, string.Empty), (import.Code, import.Json.GetProperty("epochs").GetInt64(), import.Error));
        AssertEpochs(3);

        // It came from no save, and nothing can run it.
        foreach (string format in (string[])["xl", "libxc"])
        {
            ToolRun.Of("export", _folder["f"], "--format", format, "-o", _folder["x"]).Failed(ExitCode.Data);
        }

        ToolRun.Ok("verify", "--deep", _folder["f"]);

        // Behind a pipe, receive bounds the history.
        ToolRun receive = ToolRun.WithInput(run.Bytes, "receive", "-o", _folder["f"], "--keep-last", "2");
        Assert.Equal((ExitCode.Ok, 0), (receive.Code, receive.Bytes.Length));
        Assert.Contains("the stream has ended", receive.Error, StringComparison.Ordinal);
        AssertEpochs(6);
        using CheckpointReader reader = CheckpointReader.Open(_folder["f"]);
        Assert.Equal(2, reader.EpochCount);
    }

    [Fact]
    public void A_PV_domain_is_captured_without_a_log_and_not_into_a_stream()
    {
        _xen.Domain.Flags = 0;
        ToolRun run = Capture("--epochs", "2", "--interval", "0s");
        Assert.Equal((ExitCode.Ok, 0u), (run.Code, _xen.Domain.Enables));
        Assert.StartsWith("pagestore: Domain 7 is a PV guest", Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Contains("epoch 2: 0 pages", run.Out, StringComparison.Ordinal);
        AssertEpochs(2);
        Assert.Contains("PVH and HVM", LibrariesCollection.With(_xen, () => ToolRun.Of("capture", "xen:7", "-o", "-")).Failed(ExitCode.Usage).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reader_that_goes_away_ends_the_capture()
    {
        using var text = new StringWriter();
        using var error = new StringWriter();
        var console = new ToolConsole(text, error, () => Stream.Null, () => new ClosedPipe(), Interactive: false);
        int code = LibrariesCollection.With(_xen, () => Tool.RunAsync(["capture", "xen:7", "-o", "-"], console).GetAwaiter().GetResult());
        Assert.Equal(ExitCode.InputOutput, code);
        Assert.StartsWith("pagestore: The stream cannot be written: Broken pipe", Assert.Single(error.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--keep-last", "2")]
    [InlineData("--reads", "page-tables")]
    [InlineData("--compression", "lz4")]
    [InlineData("--expect-root", "00")]
    [InlineData("--pack")]
    public void What_is_for_a_file_is_refused_for_a_stream(params string[] options) =>
        Assert.Empty(LibrariesCollection.With(_xen, () => ToolRun.Of(["capture", "xen:7", "-o", "-", .. options])).Failed(ExitCode.Usage).Bytes);

    [Fact]
    public void A_key_is_refused_for_a_stream_and_the_message_says_what_to_do()
    {
        string key = _folder["key"];
        File.WriteAllBytes(key, new byte[CheckpointKey.SizeBytes]);
        ToolRun run = LibrariesCollection.With(_xen, () => ToolRun.Of("capture", "xen:7", "-o", "-", "--key-file", key)).Failed(ExitCode.Usage);
        Assert.Empty(run.Bytes);
        Assert.Contains("ssh HOST pagestore import - -o FILE --key-file KEY", run.Error, StringComparison.Ordinal);
        Assert.Equal(0u, _xen.Domain.Enables);
    }

    [Theory]
    [InlineData("2", "paused restorable paused restorable paused")]
    [InlineData("last", "paused paused paused paused restorable")]
    [InlineData("every", "restorable restorable restorable restorable restorable")]
    public void Restorable_epochs_go_through_a_stream_and_are_exported_elsewhere(string which, string expected)
    {
        ToolRun run = LibrariesCollection.With(_xen, () => ToolRun.Of("capture", "xen:7", "-o", "-", "--epochs", "5", "--interval", "0s", "--restorable", which));
        Assert.Equal((ExitCode.Ok, string.Empty), (run.Code, run.Out));
        string[] kinds = expected.Split(' ');
        Assert.Equal(kinds, run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Contains(", restorable, paused ", StringComparison.Ordinal) ? "restorable" : "paused"));
        ToolRun import = ToolRun.WithInput(run.Bytes, "import", "-", "-o", _folder["f"], "--json");
        Assert.Equal((0, 5, string.Empty), (import.Code, import.Json.GetProperty("epochs").GetInt64(), import.Error));
        AssertEpochs(5);
        System.Text.Json.JsonElement epochs = ToolRun.Ok("inspect", "--json", _folder["f"]).Json.GetProperty("epochs");
        Assert.Equal(kinds, epochs.EnumerateArray().Select(epoch => epoch.GetProperty("consistency").GetString()));
        Assert.Equal(((uint)kinds.Count(kind => kind == "restorable"), 0u), (_xen.Domain.Resumes, _xen.Domain.Pauses));

        // The state is that of a capture into a file.
        LibrariesCollection.With(_xen, () => ToolRun.Of("capture", "xen:7", "-o", _folder["direct"], "--epochs", "1", "--restorable", "every"));
        ToolRun.Ok("export", _folder["direct"], "--format", "libxc", "-o", _folder["wanted"]);
        for (int id = 1; id <= kinds.Length; id++)
        {
            int code = ToolRun.Of("export", $"{_folder["f"]}@{id}", "--format", "libxc", "-o", _folder[$"x{id}"]).Code;
            Assert.Equal(kinds[id - 1] == "restorable" ? ExitCode.Ok : ExitCode.Data, code);
            Assert.True(code != ExitCode.Ok || File.ReadAllBytes(_folder["wanted"]).AsSpan().SequenceEqual(File.ReadAllBytes(_folder[$"x{id}"])));
        }

        ToolRun.Ok("verify", "--deep", _folder["f"]);
    }

    [Fact]
    public void What_a_hook_says_beside_a_stream_goes_to_standard_error()
    {
        ToolRun run = LibrariesCollection.With(_xen, () => ToolRun.Of(
            "capture", "xen:7", "-o", "-", "--epochs", "2", "--interval", "0s", "--hook-paused", "echo $PAGESTORE_FILE, $PAGESTORE_CHECKPOINT of $PAGESTORE_DOMAIN; [ $PAGESTORE_EPOCH -ne 2 ]"));
        Assert.Equal(ExitCode.Command, run.Code);
        Assert.Contains("epoch 1: the command of --hook-paused ended with exit code 0: -, -@1 of 7" + Environment.NewLine, run.Error, StringComparison.Ordinal);
        Assert.Contains("epoch 2: the command of --hook-paused ended with exit code 1: -, -@2 of 7" + Environment.NewLine, run.Error, StringComparison.Ordinal);
        Assert.Contains("Epoch 2 is whole, and the stream has no place to say so.", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, ToolRun.WithInput(run.Bytes, "import", "-", "-o", _folder["f"]).Code);
        AssertEpochs(2);
    }

    [Fact]
    public void The_newest_epoch_has_a_pack_where_that_is_asked_for()
    {
        Assert.Equal(ExitCode.Ok, Capture("--epochs", "1", "--pack").Code);
        for (int epoch = 2; epoch <= 3; epoch++)
        {
            _xen.Write(10, 11, 100 + epoch);
            Assert.Equal(ExitCode.Ok, Capture("--epochs", "1", "--pack").Code);
            AssertEpochs(epoch);
            using CheckpointReader reader = CheckpointReader.Open(_folder["f"]);
            Assert.Equal([epoch], reader.Epochs().Where(info => info.Pack is not null).Select(info => info.Id.Value));
            using Epoch newest = reader.OpenEpoch(reader.Newest!.Value);
            Assert.Subset(newest.OpenPack()!.ReadPlan().ToHashSet(), new HashSet<Pfn> { new(10), new(11), new(100 + epoch) });
        }

        ToolRun.Ok("verify", "--deep", _folder["f"]);
    }

    [Fact]
    public void A_guest_that_may_not_fit_is_refused_before_anything_happens_to_it()
    {
        const int pages = 1 << 30;
        _xen.Domain.AllocatedPages = pages;
        ToolRun run = Capture("--epochs", "1").Failed(ExitCode.InputOutput);
        Assert.Contains("are missing", run.Error, StringComparison.Ordinal);
        Assert.Contains("--no-space-check", run.Error, StringComparison.Ordinal);
        Assert.Equal(0u, _xen.Domain.Enables);
        Assert.Empty(_folder.Files);

        Assert.Equal(ExitCode.Ok, Capture("--epochs", "1", "--no-space-check").Code);

        // The same guest again: what differs is not known beforehand.
        Assert.Equal(ExitCode.Ok, Capture("--epochs", "1").Code);
        AssertEpochs(2);

        // Another guest into the same file.
        _xen.ReplaceByAnother();
        Capture("--epochs", "1").Failed(ExitCode.InputOutput);
        AssertEpochs(2);
    }

    [Fact]
    public void A_disk_that_fills_up_ends_the_capture()
    {
        using SmallFileSystem disk = SmallFileSystem.MountOrSkip(Megabytes);
        using var xen = new FakeXen(pages: 2 * Megabytes * 256);
        var random = new Random(2);
        for (int page = 0; page < 2 * Megabytes * 256; page++)
        {
            random.NextBytes(xen.Page(page));
        }

        string file = Path.Combine(disk.Root, "f.pages");
        ToolRun run = LibrariesCollection.With(xen, () => ToolRun.Of("capture", "xen:7", "-o", file)).Failed(ExitCode.InputOutput);
        Assert.Contains("are missing", run.Error, StringComparison.Ordinal);

        run = LibrariesCollection.With(xen, () => ToolRun.Of("capture", "xen:7", "-o", file, "--no-space-check")).Failed(ExitCode.InputOutput);
        Assert.Contains("space", run.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((0u, 0u, 0u), (xen.Domain.Enabled, xen.Domain.Pauses, xen.Domain.Mappings));
        Assert.False(File.Exists(file));
    }

    private ToolRun Capture(params string[] options) => LibrariesCollection.With(_xen, () => ToolRun.Of(["capture", "xen:7", "-o", _folder["f"], .. options]));

    private sealed class ClosedPipe : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            buffer.Length < FakeXen.PageBytes ? ValueTask.CompletedTask : throw new IOException("Broken pipe");
    }

    /// <summary>So many epochs, and the newest is the domain.</summary>
    private void AssertEpochs(int count)
    {
        using CheckpointReader reader = CheckpointReader.Open(_folder["f"]);
        Assert.Equal(new EpochId(count), reader.Newest);
        byte[] page = new byte[FakeXen.PageBytes];
        using Epoch epoch = reader.OpenEpoch(new EpochId(count));
        for (int pfn = 0; pfn < Pages; pfn++)
        {
            epoch.ReadPage(new Pfn(pfn), page);
            Assert.True(_xen.Page(pfn).SequenceEqual(page), $"page {pfn} of epoch {count} is not the domain's");
        }
    }
}
