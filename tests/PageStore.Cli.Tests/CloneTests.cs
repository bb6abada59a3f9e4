using System.Diagnostics;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli.Tests;

/// <summary><c>clone</c> as users run it: machines of one epoch where there is KVM, and what is refused.</summary>
public sealed class CloneTests : IDisposable
{
    private const int Memory = 64 << 20;

    private readonly TempFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Clones_run_at_once_share_their_memory_and_find_it_right()
    {
        SkipWithoutKvm();
        await CaptureAsync();
        (int code, string output, string error) = await ToolProcess.RunAsync("clone", _folder["f"], "--count", "3", "--seconds", "1", "--json");
        Assert.Equal((0, string.Empty), (code, error));
        JsonElement result = JsonDocument.Parse(output).RootElement;
        Assert.Equal(Memory, result.GetProperty("memoryBytes").GetInt64());
        JsonElement[] clones = [.. result.GetProperty("clones").EnumerateArray()];
        Assert.Equal(3, clones.Select(clone => clone.GetProperty("process").GetInt32()).Distinct().Count());
        Assert.All(clones, AssertRan);
        Assert.Equal(result.GetProperty("ownBytes").GetInt64(), clones.Sum(clone => clone.GetProperty("ownPages").GetInt64()) * 4096);

        // What the guest has is nine tenths of its memory; three times that would be without sharing.
        Assert.InRange(result.GetProperty("baseBytes").GetInt64(), Memory / 2, Memory);
        Assert.InRange(result.GetProperty("ratio").GetDouble(), 0.95, 1.05);
        Assert.InRange(result.GetProperty("totalPss").GetInt64(), Memory / 2, 2L * Memory);
    }

    [Fact]
    public async Task Clones_are_shown_in_a_table_and_run_from_the_epoch_that_is_named()
    {
        SkipWithoutKvm();
        await CaptureAsync();
        (int code, string output, string error) = await ToolProcess.RunAsync("clone", _folder["f"] + "@1", "--count", "1", "--seconds", "0");
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Contains("first progress, ms", output);
        Assert.Contains("epoch 1, 64 MiB of memory", output);
        Assert.Contains("each clone looked through all of its memory and found it right", output);
    }

    [Fact]
    public async Task Clones_end_when_the_command_is_killed()
    {
        SkipWithoutKvm();
        await CaptureAsync();
        using Process process = ToolProcess.Start("clone", _folder["f"], "--count", "2", "--seconds", "3600");
        while (await process.StandardOutput.ReadLineAsync(Cancellation) is { } line && !line.StartsWith("all run at once", StringComparison.Ordinal))
        {
        }

        int[] children = await ChildProcesses.WaitForAsync(process.Id);
        Assert.Equal(2, children.Length);
        process.Kill();
        await process.WaitForExitAsync(Cancellation);
        await ChildProcesses.WaitForEndAsync(children);
    }

    [Fact]
    public async Task A_damaged_page_makes_no_clones()
    {
        SkipWithoutKvm();
        await CaptureAsync();
        byte[] page = new byte[4096];
        using (CheckpointReader reader = CheckpointReader.Open(_folder["f"]))
        using (Epoch epoch = reader.OpenNewest())
        {
            epoch.ReadPage(new Pfn((Memory / 4096 * 92 / 100) - 9), page);
        }

        byte[] file = File.ReadAllBytes(_folder["f"]);
        int at = file.AsSpan().IndexOf(page);
        Assert.True(at > 0, "the page is not in the file as it is");
        file[at + 1000] ^= 1;
        File.WriteAllBytes(_folder["f"], file);
        (int code, string output, _) = await ToolProcess.RunAsync("clone", _folder["f"], "--json");
        Assert.Equal((3, string.Empty), (code, output));
    }

    [Fact]
    public async Task The_demo_keeps_a_file_for_clones()
    {
        SkipWithoutKvm();
        (int code, _, _) = await ToolProcess.RunAsync("demo", "--memory", "32MiB", "--epochs", "2", "--seconds", "1", "--keep", _folder["kept"]);
        Assert.Equal(0, code);
        Assert.Equal(["kept"], _folder.Files);
        (code, string output, _) = await ToolProcess.RunAsync("clone", _folder["kept"], "--count", "1", "--seconds", "0", "--json");
        Assert.Equal(0, code);
        Assert.Equal(32 << 20, JsonDocument.Parse(output).RootElement.GetProperty("memoryBytes").GetInt64());
    }

    [Fact]
    public void Without_a_machine_the_demo_has_no_file_to_keep()
    {
        Assert.SkipWhen(MachineDemo.Missing() is null, "there is KVM here, and a machine.");
        Assert.Contains("no machine whose checkpoint file", ToolRun.Of("demo", "--memory", "16MiB", "--keep", _folder["kept"]).Failed(5).Error);
        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void A_file_that_is_there_is_not_written_over()
    {
        string there = _folder.Write("there", [1]);
        Assert.Contains("--keep", ToolRun.Of("demo", "--keep", there).Failed(2).Error);
        Assert.Equal([1], File.ReadAllBytes(there));
    }

    [Fact]
    public void An_epoch_that_is_no_machines_is_3()
    {
        ToolRun.Ok("import", _folder.Write("image", RawImages.Mixed(16, 1)), "-o", _folder["f"]);
        Assert.Contains("no epoch from which a guest can run again", ToolRun.Of("clone", _folder["f"]).Failed(3).Error);
        Assert.Contains("Epoch 1 is no epoch of the virtual machine", ToolRun.Of("clone", _folder["f"] + "@1").Failed(3).Error);
    }

    [Fact]
    public void What_is_no_memory_of_clones_is_refused_by_a_process_of_one() =>
        Assert.Contains("sealed against writes", ToolRun.Of("clone-host", _folder.Write("plain", new byte[4096])).Failed(3).Error);

    [Theory]
    [InlineData("--count", "0")]
    [InlineData("--count", "10001")]
    [InlineData("--seconds", "-1")]
    public void Senseless_numbers_are_2(string option, string value) => ToolRun.Of("clone", "f", option, value).Failed(2);

    private static void AssertRan(JsonElement clone)
    {
        Assert.True(clone.GetProperty("startMs").GetDouble() > 0);
        Assert.True(clone.GetProperty("firstProgressMs").GetDouble() > clone.GetProperty("startMs").GetDouble());
        Assert.True(clone.GetProperty("ownPages").GetInt64() > 0);
        Assert.True(clone.GetProperty("guestPss").GetInt64() < clone.GetProperty("processPss").GetInt64());
        Assert.True(clone.GetProperty("checkSeconds").GetDouble() > 0);
    }

    /// <summary>A file with an epoch of the machine of the demo.</summary>
    private async Task CaptureAsync()
    {
        using Process process = ToolProcess.Start("demo-capture", _folder["f"], "--memory", $"{Memory}");
        Assert.Contains("\"epoch\":1", await process.StandardOutput.ReadLineAsync(Cancellation));
        process.Kill();
        await process.WaitForExitAsync(Cancellation);
    }

    private static void SkipWithoutKvm()
    {
        string? missing = MachineDemo.Missing();
        Assert.SkipWhen(missing is not null, missing ?? string.Empty);
    }
}
