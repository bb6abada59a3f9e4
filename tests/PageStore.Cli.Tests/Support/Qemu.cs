using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;

namespace PageStore.Cli.Tests;

/// <summary>QEMU's own tools for disk images, as another process runs them.</summary>
internal static class Qemu
{
    /// <summary>Skips the test where a tool is missing.</summary>
    public static void Need(string tool = "qemu-nbd", string package = "qemu-utils")
    {
        try
        {
            Run(tool, "--version");
        }
        catch (Win32Exception)
        {
            Assert.Skip($"{tool} is missing. On Debian: sudo apt-get install -y {package}");
        }
    }

    /// <summary>Runs a tool that must succeed.</summary>
    public static void Run(string tool, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{tool} {string.Join(' ', arguments)}: {output}{error.Result}");
    }

    /// <summary>Writes ranges of an image, which has its bitmaps told.</summary>
    public static void Write(string image, params IEnumerable<string> commands)
    {
        string[] arguments = [.. commands.SelectMany(command => (string[])["-c", command])];
        if (arguments.Length > 0)
        {
            Run("qemu-io", [.. arguments, image]);
        }
    }

    /// <summary>The whole content of an image, as QEMU reads it.</summary>
    public static byte[] ContentOf(string image)
    {
        string raw = image + ".raw";
        Run("qemu-img", "convert", "-O", "raw", image, raw);
        byte[] content = File.ReadAllBytes(raw);
        File.Delete(raw);
        return content;
    }
}

/// <summary>A qemu-nbd that serves an image for reading, on a Unix socket. Disposing ends it.</summary>
internal sealed class QemuNbd : IDisposable
{
    private readonly Process _process;
    private readonly string _export;

    public QemuNbd(string image, string export = "disk", params IEnumerable<string> options)
    {
        Socket = image + ".sock";
        _export = export;
        _process = Process.Start(new ProcessStartInfo("qemu-nbd", ["--read-only", "--persistent", $"--socket={Socket}", $"--export-name={export}", .. options, image]) { RedirectStandardError = true })!;
        while (!Listens())
        {
            Assert.False(_process.HasExited, "qemu-nbd ended.");
            Thread.Sleep(1);
        }
    }

    /// <summary>The path of its socket.</summary>
    public string Socket { get; }

    public string Uri => $"nbd+unix:///{_export}?socket={Socket}";

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        File.Delete(Socket);
    }

    /// <summary>The socket is there before anybody listens on it.</summary>
    private bool Listens()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(Socket));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
