using System.Diagnostics;
using System.Globalization;

namespace PageStore.Cli;

/// <summary>The operator's command for the moment when the sender is gone.</summary>
internal static class LossCommand
{
    /// <summary>The checkpoint file.</summary>
    private const string FileVariable = "PAGESTORE_FILE";

    /// <summary>The number of the last whole epoch.</summary>
    private const string EpochVariable = "PAGESTORE_EPOCH";

    /// <summary>Both, as the other commands take them.</summary>
    private const string CheckpointVariable = "PAGESTORE_CHECKPOINT";

    /// <summary>Runs the command to its end; its output goes to standard error, since xl may still read the other.</summary>
    public static async Task<int> RunAsync(ToolConsole console, string command, string file, EpochId epoch)
    {
        string number = epoch.Value.ToString(CultureInfo.InvariantCulture);
        string path = Path.GetFullPath(file);
        var start = new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment[FileVariable] = path;
        start.Environment[EpochVariable] = number;
        start.Environment[CheckpointVariable] = $"{path}@{number}";
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        process.OutputDataReceived += (_, line) => WriteLine(console, line.Data);
        process.BeginOutputReadLine();

        // Not cancelled: a failover that has begun goes to its end, or to its own.
        await process.WaitForExitAsync(CancellationToken.None);
        if (process.ExitCode == 0)
        {
            return ExitCode.Ok;
        }

        console.Error.WriteLine($"pagestore: The command of --on-loss ended with exit code {process.ExitCode}. The epoch is whole: {path}@{number}.");
        return ExitCode.LossCommand;
    }

    private static void WriteLine(ToolConsole console, string? line)
    {
        if (line is not null)
        {
            console.Error.WriteLine(line);
        }
    }
}
