using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using PageStore.Native;

namespace PageStore.Benchmarks;

/// <summary>A QEMU whose machine never runs: it has memory, the devices that no machine is without, and a monitor. Disposing ends it. For one thread.</summary>
internal sealed class QemuProcess : IDisposable
{
    private const string Program = "qemu-system-x86_64";

    /// <summary>The descriptor on which it finds its migration file.</summary>
    public const int FileDescriptor = 9;

    /// <summary>What the region is called in the migration stream when nobody names one, so that a file fits both kinds of memory.</summary>
    private const string MemoryName = "pc.ram";

    /// <summary>How often is tried whether the monitor listens: often beside a start of some twenty milliseconds.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(1);

    /// <summary>How often is asked whether a file is written.</summary>
    private static readonly TimeSpan SavePoll = TimeSpan.FromMilliseconds(50);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private QemuProcess(Process process, string socket, long started)
    {
        _process = process;
        _process.ErrorDataReceived += (_, line) => _errors.AppendLine(line.Data);
        _process.BeginErrorReadLine();
        Monitor = Connect(socket);
        StartSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public QmpConnection Monitor { get; }

    /// <summary>How long it took from the start of the process until the monitor took commands.</summary>
    public double StartSeconds { get; }

    /// <summary>What the installed one calls its version; null if there is none.</summary>
    public static string? Version()
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(Program, ["--version"]) { RedirectStandardOutput = true })!;
            string? line = process.StandardOutput.ReadLine();
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return line;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Starts one.</summary>
    /// <param name="socket">Where its monitor is to listen; the path is made anew.</param>
    /// <param name="bytes">How much memory it has.</param>
    /// <param name="memory">Shared memory that it is to use; null for its own, anonymous as by default.</param>
    /// <param name="file">What it has open as <see cref="FileDescriptor"/>; null for nothing.</param>
    /// <param name="more">Further arguments.</param>
    public static QemuProcess Start(string socket, long bytes, MemoryRegion? memory, string? file, params ReadOnlySpan<string> more)
    {
        File.Delete(socket);
        string machine = "q35";
        List<string> arguments =
        [
            Program, "-nodefaults", "-display", "none", "-S", "-accel", "kvm", "-accel", "tcg",
            "-m", string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20}"), "-qmp", $"unix:{socket},server=on,wait=off",
        ];
        if (memory is not null)
        {
            arguments.AddRange(["-object", string.Create(CultureInfo.InvariantCulture, $"memory-backend-file,id={MemoryName},size={bytes},share=on,mem-path={PathOf(memory)}")]);
            machine += $",memory-backend={MemoryName}";
        }

        arguments.AddRange(["-machine", machine, .. more]);

        // The shell opens the file and becomes QEMU; a process cannot be given a descriptor otherwise.
        string[] command = ["-c", string.Create(CultureInfo.InvariantCulture, $"exec \"$@\" {FileDescriptor}<\"$0\""), file ?? "/dev/null", .. arguments];
        long started = Stopwatch.GetTimestamp();
        return new QemuProcess(Process.Start(new ProcessStartInfo("/bin/sh", command) { RedirectStandardError = true })!, socket, started);
    }

    /// <summary>Writes its state and all of its memory to a file.</summary>
    public void SaveTo(string path)
    {
        // It would send 128 MiB a second (qapi/migration.json there); this is as much as it takes.
        Monitor.Execute("migrate-set-parameters", new JsonObject { ["max-bandwidth"] = 1L << 40 });
        Monitor.Execute("migrate", new JsonObject { ["uri"] = $"exec:cat > {path}" });
        string? status;
        while ((status = Monitor.Execute("query-migrate")?["status"]?.GetValue<string>()) != "completed")
        {
            if (status is "failed" or "cancelled")
            {
                throw new InvalidOperationException($"QEMU could not save: {status}. {_errors}");
            }

            Thread.Sleep(SavePoll);
        }
    }

    /// <summary>Loads a file into one that was started with <c>-incoming defer</c>.</summary>
    /// <param name="uri">Where it is, as QEMU names it.</param>
    /// <returns>How long it took, in seconds, until QEMU said that all of it is there.</returns>
    public double Load(string uri)
    {
        Monitor.Execute("migrate-set-capabilities", new JsonObject { ["capabilities"] = new JsonArray(new JsonObject { ["capability"] = "events", ["state"] = true }) });
        long start = Stopwatch.GetTimestamp();
        Monitor.Execute("migrate-incoming", new JsonObject { ["uri"] = uri });
        string? status;
        do
        {
            status = Monitor.NextEvent("MIGRATION")?["status"]?.GetValue<string>();
        }
        while (status is not ("completed" or "failed"));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        string? state = Monitor.Execute("query-status")?["status"]?.GetValue<string>();
        return status == "completed" && state != "inmigrate"
            ? seconds
            : throw new InvalidOperationException($"QEMU could not load {uri}: {status}, {state}. {_errors}");
    }

    public void Dispose()
    {
        Monitor.Dispose();
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>The memory as a file that another process can open.</summary>
    private static string PathOf(MemoryRegion memory) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{memory.File!.DangerousGetHandle()}");

    private QmpConnection Connect(string path)
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(path));
                return new QmpConnection(new NetworkStream(socket, ownsSocket: true));
            }
            catch (SocketException)
            {
                socket.Dispose();
                if (_process.WaitForExit(Glance))
                {
                    throw new InvalidOperationException($"QEMU ended with {_process.ExitCode}: {_errors}");
                }
            }
        }
    }
}
