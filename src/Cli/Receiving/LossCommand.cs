using System.Diagnostics;

namespace PageStore.Cli;

/// <summary>The operator's command for the moment when the sender is gone.</summary>
internal static class LossCommand
{
    /// <summary>Xl may still read what goes to standard output.</summary>
    private const string OutputToError = "exec 1>&2\n";

    /// <summary>Runs the command to its end. What it leaves in the background is not waited for.</summary>
    public static async Task<int> RunAsync(ToolConsole console, string command, string file, EpochId epoch)
    {
        using Process process = OperatorCommand.Start(OutputToError + command, file, epoch, takesOutput: false);

        // Not cancelled: a failover that has begun goes to its end, or to its own.
        await process.WaitForExitAsync(CancellationToken.None);
        if (process.ExitCode == 0)
        {
            return ExitCode.Ok;
        }

        console.Error.WriteLine($"pagestore: The command of --on-loss ended with exit code {process.ExitCode}. The epoch is whole: {Path.GetFullPath(file)}@{epoch}.");
        return ExitCode.Command;
    }
}
