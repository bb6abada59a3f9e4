using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using PageStore.Benchmarks;

namespace PageStore.Cli.Tests;

/// <summary>Epochs of a disk of a QEMU that runs and writes meanwhile: the commands of docs/disks.md.</summary>
public sealed class NbdLiveTests : IDisposable
{
    private const string Size = "16M";

    private readonly TempFolder _folder = new();
    private Process? _qemu;
    private QmpConnection? _monitor;

    private string Image => _folder["guest.qcow2"];

    public void Dispose()
    {
        _monitor?.Dispose();
        _qemu?.Kill();
        _qemu?.WaitForExit();
        _qemu?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Each_epoch_is_the_moment_of_its_transaction_while_the_guest_writes_on()
    {
        Qemu.Need();
        Qemu.Need("qemu-system-x86_64", "qemu-system-x86");
        byte[] model = new byte[16 << 20];
        Qemu.Run("qemu-img", "create", "-q", "-f", "qcow2", Image, Size);
        Start();
        List<byte[]> moments = [];
        for (int round = 1; round <= 3; round++)
        {
            GuestWrites(model, round, round << 20, 100 << 10);
            Begin(round);
            moments.Add([.. model]);

            // Behind the moment: into what was written before, and elsewhere.
            GuestWrites(model, 100 + round, (round << 20) + 4096, 4096);
            GuestWrites(model, 200 + round, (8 << 20) + (round << 16), 512);
            ToolRun run = ToolRun.Ok(["import", Uri("disk"), "-o", _folder["f"], "--next-bitmap", $"b{round}", "--json", .. round == 1 ? (string[])[] : ["--bitmap", $"b{round - 1}", "--verify-bitmap"]]);
            Assert.Equal(round == 1 ? null : $"b{round - 1}", run.Json.GetProperty("bitmap").GetString());
            End(round);
        }

        for (int round = 1; round <= 3; round++)
        {
            Assert.Equal(moments[round - 1], ToolRun.Ok("export", $"{_folder["f"]}@{round}", "-o", "-").Bytes);
        }
    }

    private string Uri(string export) => $"nbd+unix:///{export}?socket={_folder["nbd"]}";

    /// <summary>A QEMU with a disk and no machine. What stands for the guest is an export that is written through.</summary>
    private void Start()
    {
        _qemu = Process.Start(new ProcessStartInfo("qemu-system-x86_64", [
            "-machine", "none", "-nodefaults", "-display", "none", "-qmp", $"unix:{_folder["qmp"]},server=on,wait=off",
            "-blockdev", $"driver=qcow2,node-name=disk,file.driver=file,file.filename={Image}"]))!;
        _monitor = new QmpConnection(Connect());
        Execute("nbd-server-start", $$$"""{"addr": {"type": "unix", "data": {"path": "{{{_folder["nbd"]}}}"}} }""");
        Execute("block-export-add", """{"type": "nbd", "id": "guest", "node-name": "disk", "name": "guest", "writable": true}""");
    }

    private NetworkStream Connect()
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(_folder["qmp"]));
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException)
            {
                socket.Dispose();
                Assert.False(_qemu!.HasExited, "QEMU ended.");
                Thread.Sleep(1);
            }
        }
    }

    private void GuestWrites(byte[] model, int value, int offset, int length)
    {
        Qemu.Run("qemu-io", "-f", "raw", "-c", $"write -P {value} {offset} {length}", Uri("guest"));
        model.AsSpan(offset, length).Fill((byte)value);
    }

    private void Begin(int round)
    {
        Qemu.Run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", Image, _folder["moment.qcow2"], Size);
        Execute("blockdev-add", $$$"""{"driver": "qcow2", "node-name": "moment", "file": {"driver": "file", "filename": "{{{_folder["moment.qcow2"]}}}"}, "backing": "disk"}""");
        string before = round == 1 ? string.Empty : $$$"""{"type": "block-dirty-bitmap-disable", "data": {"node": "disk", "name": "b{{{round - 1}}}"}},""";
        Execute("transaction", $$$"""
            {"actions": [{{{before}}}
                {"type": "block-dirty-bitmap-add", "data": {"node": "disk", "name": "b{{{round}}}"}},
                {"type": "blockdev-backup", "data": {"job-id": "moment", "device": "disk", "target": "moment", "sync": "none"}}]}
            """);
        string bitmaps = round == 1 ? "[]" : $"""["b{round - 1}"]""";
        Execute("block-export-add", $$$"""{"type": "nbd", "id": "moment", "node-name": "moment", "name": "disk", "bitmaps": {{{bitmaps}}} }""");
    }

    private void End(int round)
    {
        Execute("block-export-del", """{"id": "moment", "mode": "hard"}""");
        _monitor!.NextEvent("BLOCK_EXPORT_DELETED");
        Execute("block-job-cancel", """{"device": "moment"}""");
        _monitor.NextEvent("BLOCK_JOB_CANCELLED");
        Execute("blockdev-del", """{"node-name": "moment"}""");
        if (round > 1)
        {
            Execute("block-dirty-bitmap-remove", $$$"""{"node": "disk", "name": "b{{{round - 1}}}"}""");
        }

        File.Delete(_folder["moment.qcow2"]);
    }

    private void Execute(string command, string arguments) => _monitor!.Execute(command, JsonNode.Parse(arguments)!.AsObject());
}
