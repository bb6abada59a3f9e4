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

    /// <summary>Xl may still read what goes to standard output.</summary>
    private const string OutputToError = "exec 1>&2\n";

    /// <summary>Runs the command to its end. What it leaves in the background is not waited for.</summary>
    public static async Task<int> RunAsync(ToolConsole console, string command, string file, EpochId epoch)
    {
        string number = epoch.Value.ToString(CultureInfo.InvariantCulture);
        string path = Path.GetFullPath(file);
        var start = new ProcessStartInfo("/bin/sh", ["-c", OutputToError + command]) { RedirectStandardInput = true };
        start.Environment[FileVariable] = path;
        start.Environment[EpochVariable] = number;
        start.Environment[CheckpointVariable] = $"{path}@{number}";
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();

        // Not cancelled: a failover that has begun goes to its end, or to its own.
        await process.WaitForExitAsync(CancellationToken.None);
        if (process.ExitCode == 0)
        {
            return ExitCode.Ok;
        }

        console.Error.WriteLine($"pagestore: The command of --on-loss ended with exit code {process.ExitCode}. The epoch is whole: {path}@{number}.");
        return ExitCode.LossCommand;
    }
}
