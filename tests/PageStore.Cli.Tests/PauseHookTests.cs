using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli.Tests;

/// <summary>The command that runs while a guest stands still: how long the guest waits for it, and what its epoch keeps of it.</summary>
public sealed class PauseHookTests : IDisposable
{
    /// <summary>Longer than any command of these tests takes that is to end by itself.</summary>
    private const int Long = 600;

    private readonly TempFolder _folder = new();
    private readonly CancellationTokenSource _interrupt = new();

    public void Dispose()
    {
        _interrupt.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task It_is_told_of_the_epoch_and_what_it_says_is_kept()
    {
        PauseHook hook = Hook("echo \"$PAGESTORE_FILE $PAGESTORE_EPOCH $PAGESTORE_CHECKPOINT $PAGESTORE_DOMAIN\"; cat; echo to the operator >&2; exit 3");
        HookResult result = await RunAsync(hook);
        Assert.Equal((HookResult.Exited, 3, $"{_folder["f"]} 5 {_folder["f"]}@5 7\n", false), (result.Ended, result.ExitCode, result.Output, result.OutputCut));
        Assert.True(hook.AnyFailed);
        Assert.Equal("ended with exit code 3", result.Describe());
    }

    [Fact]
    public async Task A_command_that_succeeds_is_no_failure()
    {
        PauseHook hook = Hook("true");
        Assert.Equal((HookResult.Exited, 0, string.Empty), (await RunAsync(hook)) switch { var result => (result.Ended, result.ExitCode, result.Output) });
        Assert.False(hook.AnyFailed);
    }

    [Fact]
    public async Task More_output_than_is_kept_does_not_hold_it_up()
    {
        HookResult result = await RunAsync(Hook("head -c 1000000 /dev/zero | tr '\\0' 'é'"));
        Assert.Equal((0, true), (result.ExitCode, result.OutputCut));
        Assert.InRange(result.Output.Length, PauseHook.MaxOutputBytes / 2, PauseHook.MaxOutputBytes);

        result = await RunAsync(Hook($"head -c {PauseHook.MaxOutputBytes} /dev/zero | tr '\\0' x"));
        Assert.Equal((false, PauseHook.MaxOutputBytes), (result.OutputCut, result.Output.Length));
    }

    [Fact]
    public async Task A_command_that_hangs_is_killed_with_its_children()
    {
        PauseHook hook = Hook($"echo begun; sleep {Long} & echo $! >'{_folder["pid"]}'; wait", seconds: 1);
        HookResult result = await RunAsync(hook);
        Assert.Equal((HookResult.TimedOut, null, "begun\n", true), (result.Ended, result.ExitCode, result.Output, result.OutputCut));
        Assert.True(hook.AnyFailed);
        await GoneAsync(_folder["pid"]);
    }

    [Fact]
    public async Task A_command_that_a_signal_ends_has_failed()
    {
        HookResult result = await RunAsync(Hook("kill -9 $$"));
        Assert.Equal((HookResult.Exited, 137), (result.Ended, result.ExitCode));
    }

    [Fact]
    public async Task What_it_leaves_in_the_background_does_not_hold_the_guest()
    {
        PauseHook hook = Hook($"echo done; sleep {Long} & echo $! >'{_folder["pid"]}'", seconds: 2);
        await hook.RunAsync(new EpochId(5), CancellationToken.None);
        Assert.Null(hook.Last);

        // Its end is known; that of its output, which the sleeper holds, is waited for behind the running guest, and no longer than the command might have taken.
        HookResult result = TakeResult(hook);
        Assert.Equal((HookResult.Exited, 0, "done\n", true), (result.Ended, result.ExitCode, result.Output, result.OutputCut));
        Assert.InRange(result.Seconds, 0, 2);
        using Process left = Process.GetProcessById(int.Parse(File.ReadAllText(_folder["pid"]), CultureInfo.InvariantCulture));
        left.Kill();
    }

    [Fact]
    public async Task An_epoch_that_comes_to_nothing_ends_it()
    {
        using var abandon = new CancellationTokenSource();
        PauseHook hook = Hook($"echo $$ >'{_folder["pid"]}.new'; mv '{_folder["pid"]}.new' '{_folder["pid"]}'; sleep {Long}", seconds: Long);
        Task running = hook.RunAsync(new EpochId(5), abandon.Token);
        await ExistsAsync(_folder["pid"]);
        await abandon.CancelAsync();
        await running;
        Assert.Equal(HookResult.Interrupted, TakeResult(hook).Ended);
        await GoneAsync(_folder["pid"]);
    }

    [Fact]
    public async Task Behind_Ctrl_C_it_has_a_moment_only()
    {
        await _interrupt.CancelAsync();
        Assert.Equal((HookResult.Exited, 0), (await RunAsync(Hook("true", seconds: Long))) switch { var result => (result.Ended, result.ExitCode) });
        HookResult killed = await RunAsync(Hook($"sleep {Long}", seconds: Long));
        Assert.Equal((HookResult.Interrupted, null), (killed.Ended, killed.ExitCode));
    }

    [Fact]
    public async Task Inspect_shows_what_became_of_it()
    {
        using (CheckpointWriter writer = CheckpointWriter.Create(_folder["f"]))
        {
            await CommitAsync(writer, Hook("echo vm-disk@5; echo more"));
            await CommitAsync(writer, Hook("echo '[red]\u001b[31m'; exit 9"));
            Commit(writer, []);
            Commit(writer, [(HookResult.SectionName, "{ \"ended\": 7"u8.ToArray())]);
            Commit(writer, [(HookResult.SectionName, "{}"u8.ToArray())]);
        }

        string text = ToolRun.Ok("inspect", _folder["f"]).Out;
        Assert.Contains("epoch 1: the command of --hook-paused ended with exit code 0: vm-disk@5 more", text, StringComparison.Ordinal);
        Assert.Contains("epoch 2: the command of --hook-paused ended with exit code 9: [red] [31m", text, StringComparison.Ordinal);
        JsonElement[] epochs = [.. ToolRun.Ok("inspect", _folder["f"], "--json").Json.GetProperty("epochs").EnumerateArray()];
        Assert.Equal(("exited", 0, "vm-disk@5\nmore\n"), (Of(0, "ended").GetString(), Of(0, "exitCode").GetInt32(), Of(0, "output").GetString()));
        Assert.Equal(9, Of(1, "exitCode").GetInt32());
        Assert.All(epochs[2..], epoch => Assert.False(epoch.TryGetProperty("hook", out _)));

        JsonElement Of(int epoch, string member) => epochs[epoch].GetProperty("hook").GetProperty(member);
    }

    private static async Task<HookResult> RunAsync(PauseHook hook)
    {
        await hook.RunAsync(new EpochId(5), CancellationToken.None);
        return TakeResult(hook);
    }

    private static HookResult TakeResult(PauseHook hook)
    {
        Assert.Equal(HookResult.SectionName, Assert.Single(hook.TakeStates()).Name);
        return hook.Last!;
    }

    private static async Task CommitAsync(CheckpointWriter writer, PauseHook hook)
    {
        await hook.RunAsync(new EpochId(5), CancellationToken.None);
        Commit(writer, hook.TakeStates());
    }

    private static void Commit(CheckpointWriter writer, IEnumerable<(string Name, ReadOnlyMemory<byte> Content)> states)
    {
        using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { PageCount = 1 });
        foreach ((string name, ReadOnlyMemory<byte> content) in states)
        {
            epoch.AddState(name, new MemoryStream(content.ToArray()));
        }

        epoch.Commit();
    }

    /// <summary>Ends by the test's own timeout.</summary>
    private static async Task ExistsAsync(string path)
    {
        while (!File.Exists(path))
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>A killed process is there until somebody has taken note of its end.</summary>
    private static async Task GoneAsync(string pidFile)
    {
        string status = $"/proc/{File.ReadAllText(pidFile).Trim()}/status";
        while (StateOf(status) is not (null or 'Z'))
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static char? StateOf(string status)
    {
        const string prefix = "State:\t";
        try
        {
            return File.ReadLines(status).First(line => line.StartsWith(prefix, StringComparison.Ordinal))[prefix.Length];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private PauseHook Hook(string command, int seconds = 60) =>
        new(new PauseHookOptions(command, TimeSpan.FromSeconds(seconds)), _folder["f"], isKept: true, 7, _interrupt.Token);
}
