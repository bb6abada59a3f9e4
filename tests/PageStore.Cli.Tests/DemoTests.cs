using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using PageStore.Checkpoint;

namespace PageStore.Cli.Tests;

/// <summary>The demo as users run it: with a virtual machine where there is one, with a store in a process elsewhere, and with nothing left of it.</summary>
public sealed class DemoTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Machine_is_killed_and_comes_back_in_new_processes()
    {
        SkipWithoutKvm();
        (int code, string output, string error) = await RunAsync("--memory", "64MiB", "--epochs", "4", "--seconds", "2", "--report", _folder["report.html"], "--json");
        Assert.Equal((0, string.Empty), (code, error));
        JsonElement demo = JsonDocument.Parse(output).RootElement;
        Assert.Equal("kvm", demo.GetProperty("guest").GetString());
        Assert.Equal(128 + 9, demo.GetProperty("killCode").GetInt32());
        Assert.InRange(demo.GetProperty("configuredBytes").GetInt64(), 56 << 20, 64 << 20);
        Assert.InRange(demo.GetProperty("resumed").GetInt64(), 4, long.MaxValue);
        JsonElement[] epochs = [.. demo.GetProperty("epochs").EnumerateArray()];
        Assert.Equal([1, 2, 3, 4], epochs.Select(epoch => epoch.GetProperty("epoch").GetInt64()));

        // R comes from the mapping of the machine's memory.
        Assert.All(epochs.Skip(1), epoch => Assert.True(epoch.GetProperty("written").GetInt64() > 0 && epoch.GetProperty("read").GetInt64() > 0));
        JsonElement[] ways = [.. demo.GetProperty("ways").EnumerateArray()];
        Assert.Equal(ResumeWay.All.Select(way => way.Name), ways.Select(way => way.GetProperty("way").GetString()));
        Assert.All(ways, AssertCameBack);
        AssertWays(ways[0], ways[1], ways[2]);

        XElement html = XDocument.Load(_folder["report.html"]).Root!;
        Assert.Superset(ways.Select(way => way.GetProperty("way").GetString()!).ToHashSet(), html.Descendants("td").Select(cell => cell.Value).ToHashSet());
        Assert.InRange(html.Descendants().Count(element => element.Name.LocalName == "svg"), 3, 4);
        Assert.Equal(["report.html"], _folder.Files);
    }

    [Fact]
    public async Task A_machine_that_is_captured_holds_as_much_as_it_is_told_to()
    {
        SkipWithoutKvm();
        using (Process process = ToolProcess.Start("demo-capture", _folder["f"], "--memory", "67108864", "--working", "4194304", "--configured", "16777216"))
        {
            Assert.Contains("\"epoch\":1", await process.StandardOutput.ReadLineAsync(Cancellation));
            process.Kill();
            await process.WaitForExitAsync(Cancellation);
        }

        // Beside that there is the program, and what belongs to it; as it does by itself, nine tenths of the memory would.
        using CheckpointReader reader = CheckpointReader.Open(_folder["f"]);
        Assert.InRange(reader.Epochs().First().PagesConfigured, (16 << 20) / 4096 * 3 / 4, (18 << 20) / 4096);
    }

    [Fact]
    public async Task Machine_shows_tables_and_a_chart()
    {
        SkipWithoutKvm();
        (int code, string output, _) = await RunAsync("--memory", "32MiB", "--epochs", "2", "--seconds", "1", "--report", _folder["report.html"]);
        Assert.Equal(0, code);
        Assert.Contains("pause", output);
        Assert.Contains("progress, s", output);
        Assert.Contains("Guest progress after the resume (million operations)", output);
        Assert.Contains($"the report is {_folder["report.html"]}", output);
    }

    [Fact]
    public async Task Without_kvm_a_store_in_a_process_stands_in_and_the_demo_says_so()
    {
        using Process process = await StartWithoutKvmAsync("--memory", "64MiB", "--epochs", "3", "--report", _folder["report.html"], "--json");
        (int code, string output, string error) = await ToolProcess.EndAsync(process);
        Assert.Equal((0, string.Empty), (code, error));
        JsonElement demo = JsonDocument.Parse(output).RootElement;
        Assert.Equal("process", demo.GetProperty("guest").GetString());
        Assert.Contains("/dev/kvm", demo.GetProperty("whyNoMachine").GetString());
        Assert.Equal(64 << 20, demo.GetProperty("memoryBytes").GetInt64());
        Assert.InRange(demo.GetProperty("configuredBytes").GetInt64(), 24 << 20, 48 << 20);
        JsonElement[] epochs = [.. demo.GetProperty("epochs").EnumerateArray()];
        Assert.Equal([1, 2, 3], epochs.Select(epoch => epoch.GetProperty("epoch").GetInt64()));
        Assert.All(epochs, epoch => Assert.True(epoch.GetProperty("written").GetInt64() > 0 && epoch.GetProperty("bytes").GetInt64() > 0));
        JsonElement restored = demo.GetProperty("restored");
        Assert.Equal(3, restored.GetProperty("epoch").GetInt64());
        Assert.True(restored.GetProperty("recordsChecked").GetInt64() > 10_000 && restored.GetProperty("operationsAfter").GetInt64() > 0);
        Assert.True(restored.GetProperty("writes").GetInt64() >= restored.GetProperty("recordsChecked").GetInt64());
        Assert.Contains("/dev/kvm", XDocument.Load(_folder["report.html"]).Descendants("p").First().Value);
    }

    [Fact]
    public async Task Without_kvm_there_is_a_row_for_each_epoch()
    {
        using Process process = await StartWithoutKvmAsync("--memory", "16MiB", "--epochs", "2");
        (int code, string output, _) = await ToolProcess.EndAsync(process);
        Assert.Equal(0, code);
        Assert.StartsWith("no virtual machine here: ", output);
        Assert.Contains("allocated 16 MiB, configured", output);
        Assert.Contains("restored epoch 2", output);
    }

    [Theory]
    [InlineData("a virtual machine")]
    [InlineData("its process was killed")]
    public async Task Ctrl_C_leaves_nothing_behind(string moment)
    {
        SkipWithoutKvm();
        using Process process = ToolProcess.StartWith([("TMPDIR", _folder[string.Empty])], "demo", "--memory", "64MiB", "--epochs", "3", "--seconds", "60");
        while (await process.StandardOutput.ReadLineAsync(Cancellation) is { } line && !line.StartsWith(moment, StringComparison.Ordinal))
        {
        }

        int[] children = await ChildProcesses.WaitForAsync(process.Id);
        await ToolProcess.SignalAsync(process, "INT");
        (int code, _, _) = await ToolProcess.EndAsync(process);
        Assert.Equal(130, code);
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder[string.Empty]), entry => entry.Contains("pagestore-demo", StringComparison.Ordinal));
        Assert.All(children, child => Assert.False(Directory.Exists($"/proc/{child}"), $"process {child} still runs"));
    }

    [Fact]
    public async Task Children_end_when_the_demo_is_killed()
    {
        SkipWithoutKvm();
        using Process process = ToolProcess.StartWith([("TMPDIR", _folder[string.Empty])], "demo", "--memory", "64MiB", "--epochs", "1000000");
        await process.StandardOutput.ReadLineAsync(Cancellation);
        int[] children = await ChildProcesses.WaitForAsync(process.Id);
        process.Kill();
        await process.WaitForExitAsync(Cancellation);
        await ChildProcesses.WaitForEndAsync(children);
    }

    /// <summary>No guest has come to the server yet, whose end would end it.</summary>
    [Fact]
    public async Task The_server_ends_when_the_demo_is_killed_before_its_guest_comes()
    {
        SkipWithoutKvm();
        using Process process = ToolProcess.StartWith([("TMPDIR", _folder[string.Empty])], "demo", "--memory", "32MiB", "--epochs", "1", "--seconds", "1");
        while (await process.StandardOutput.ReadLineAsync(Cancellation) is { } line && !line.StartsWith(ResumeWay.OnDemand.Name, StringComparison.Ordinal))
        {
        }

        int server = (await ChildProcesses.WaitForAsync(process.Id))[0];
        process.Kill();
        await process.WaitForExitAsync(Cancellation);
        try
        {
            Assert.True(SpinWait.SpinUntil(() => !IsRunning(server), TimeSpan.FromSeconds(60)), "the server waits for a guest that never comes");
        }
        finally
        {
            await EndAsync(server);
        }
    }

    [Fact]
    public async Task A_report_that_cannot_be_written_is_4_at_once()
    {
        (int code, string output, string error) = await RunAsync("--report", _folder["no/such/report.html"]);
        Assert.Equal((4, string.Empty), (code, output));
        Assert.Contains("no such folder", error);
    }

    [Fact]
    public async Task Without_its_native_library_it_is_5()
    {
        foreach (string file in Directory.GetFiles(AppContext.BaseDirectory).Where(file => Path.GetFileName(file) != "libpagestore_native.so"))
        {
            File.Copy(file, _folder[Path.GetFileName(file)]);
        }

        using Process process = ToolProcess.StartCopy(_folder[string.Empty], "demo", "--memory", "16MiB");
        (int code, string output, string error) = await ToolProcess.EndAsync(process);
        Assert.Equal((5, string.Empty), (code, output));
        Assert.StartsWith("pagestore: libpagestore_native.so", error);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_file_without_a_restorable_epoch_is_3()
    {
        ToolRun.Ok("import", _folder.Write("image", RawImages.Mixed(16, 1)), "-o", _folder["f"]);
        (int code, _, string error) = await ToolProcess.RunAsync("demo-resume", _folder["f"], "--seconds", "1");
        Assert.Equal(3, code);
        Assert.Contains("no epoch from which a guest can run again", error);
    }

    private static void AssertCameBack(JsonElement way)
    {
        Assert.True(way.GetProperty("readySeconds").GetDouble() > 0);
        Assert.True(way.GetProperty("firstProgressSeconds").GetDouble() >= way.GetProperty("readySeconds").GetDouble());
        JsonElement[] samples = [.. way.GetProperty("samples").EnumerateArray()];
        Assert.InRange(samples.Length, 3, 1000);
        Assert.True(samples[^1].GetProperty("operations").GetInt64() > samples[0].GetProperty("operations").GetInt64());
        Assert.True(samples[^1].GetProperty("seconds").GetDouble() - samples[0].GetProperty("seconds").GetDouble() >= 2);
        Assert.True(way.GetProperty("checkSeconds").GetDouble() > 0);
    }

    private static void AssertWays(JsonElement full, JsonElement onDemand, JsonElement hybrid)
    {
        Assert.Equal(0, full.GetProperty("faults").GetInt64());
        Assert.Equal(full.GetProperty("readySeconds").GetDouble(), full.GetProperty("wholeSeconds").GetDouble());
        Assert.Equal(0, onDemand.GetProperty("pagesBefore").GetInt64());
        Assert.Equal(JsonValueKind.Null, onDemand.GetProperty("wholeSeconds").ValueKind);
        Assert.True(onDemand.GetProperty("faults").GetInt64() > hybrid.GetProperty("faults").GetInt64());
        Assert.InRange(hybrid.GetProperty("pagesBefore").GetInt64(), 1, full.GetProperty("pagesBefore").GetInt64() - 1);
        Assert.True(hybrid.GetProperty("wholeSeconds").GetDouble() > hybrid.GetProperty("readySeconds").GetDouble());
        Assert.All((JsonElement[])[full, onDemand, hybrid], way => Assert.Equal(JsonValueKind.Number, way.GetProperty("bytesRead").ValueKind));
        long[] faults = [.. onDemand.GetProperty("faultSamples").EnumerateArray().Select(sample => sample.GetProperty("faults").GetInt64())];
        Assert.Equal(faults.Order(), faults);
        Assert.Equal(onDemand.GetProperty("faults").GetInt64(), faults[^1]);
    }

    private static void SkipWithoutKvm()
    {
        string? missing = MachineDemo.Missing() ?? MachineDemo.MissingForLazy();
        Assert.SkipWhen(missing is not null, missing ?? string.Empty);
    }

    private static Task<(int Code, string Out, string Error)> RunAsync(params string[] options) => ToolProcess.RunAsync(["demo", .. options]);

    /// <summary>Where there is a /dev/kvm, the tool gets to see something else in its place.</summary>
    private static async Task<Process> StartWithoutKvmAsync(params string[] options)
    {
        string[] tool = [Path.Combine(AppContext.BaseDirectory, "PageStore.Cli.dll"), "demo", .. options];
        if (!File.Exists("/dev/kvm"))
        {
            return ToolProcess.Start(["demo", .. options]);
        }

        const string hide = "mount --bind /dev/null /dev/kvm";
        string[] apart = Environment.UserName == "root" ? ["--mount"] : ["--mount", "--map-root-user"];
        using (Process trial = Process.Start("unshare", [.. apart, "sh", "-c", hide]))
        {
            await trial.WaitForExitAsync(Cancellation);
            Assert.SkipWhen(trial.ExitCode != 0, "/dev/kvm cannot be hidden from a process here: run the tests where mount namespaces are allowed.");
        }

        return Process.Start(new ProcessStartInfo("unshare", [.. apart, "sh", "-c", $"{hide} && exec dotnet \"$@\"", "sh", .. tool])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    /// <summary>Whether the process is there, and not merely waiting for somebody to take notice of its end.</summary>
    private static bool IsRunning(int process)
    {
        try
        {
            return !File.ReadLines($"/proc/{process}/status").Any(line => line.StartsWith("State:\tZ", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task EndAsync(int process)
    {
        if (IsRunning(process))
        {
            using Process kill = Process.Start("kill", ["-KILL", process.ToString(CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync(Cancellation);
        }
    }
}
