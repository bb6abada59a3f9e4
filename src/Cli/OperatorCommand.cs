using System.Diagnostics;
using System.Globalization;

namespace PageStore.Cli;

/// <summary>A command of the operator's, which is told of an epoch by its environment.</summary>
internal static class OperatorCommand
{
    /// <summary>The checkpoint file.</summary>
    private const string FileVariable = "PAGESTORE_FILE";

    /// <summary>The number of the epoch.</summary>
    private const string EpochVariable = "PAGESTORE_EPOCH";

    /// <summary>Both, as the other commands take them.</summary>
    private const string CheckpointVariable = "PAGESTORE_CHECKPOINT";

    /// <summary>Starts it by /bin/sh, with nothing to read.</summary>
    /// <param name="script">What /bin/sh is given.</param>
    /// <param name="file">The checkpoint file; - for a stream.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="takesOutput">Whether the caller reads its standard output.</param>
    /// <param name="more">More of its environment.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    public static Process Start(string script, string file, EpochId epoch, bool takesOutput, params ReadOnlySpan<(string Name, string Value)> more)
    {
        string number = epoch.Value.ToString(CultureInfo.InvariantCulture);
        string path = file == CaptureRequest.StandardOutput ? file : Path.GetFullPath(file);
        var start = new ProcessStartInfo("/bin/sh", ["-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = takesOutput };
        start.Environment[FileVariable] = path;
        start.Environment[EpochVariable] = number;
        start.Environment[CheckpointVariable] = $"{path}@{number}";
        foreach ((string name, string value) in more)
        {
            start.Environment[name] = value;
        }

        Process process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }
}
