using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Text;

namespace PageStore.Cli;

/// <summary>
/// A process of this same tool that the demo, or a command of several processes, started. Its standard input stays open as long as this process lives, so that it can tell when it has been left alone. Its
/// errors are kept for the message. Disposing ends it. For one thread.
/// </summary>
internal sealed class ToolChild : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly TaskCompletionSource<string?> _firstError = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenRegistration _kill;
    private readonly CancellationToken _cancellation;

    /// <summary>Names another build of the tool for the processes, one that was compiled beforehand for instance; for measurements.</summary>
    public const string ToolVariable = "PAGESTORE_DEMO_TOOL";

    /// <summary>The tool where this process is something else, as a benchmark is.</summary>
    private static readonly string? Beside = Assembly.GetEntryAssembly() is { } entry && entry != typeof(ToolChild).Assembly ? Path.Combine(AppContext.BaseDirectory, "PageStore.Cli") : null;

    private ToolChild(Process process, CancellationToken cancellation)
    {
        _process = process;
        _process.ErrorDataReceived += (_, line) =>
        {
            _errors.AppendLine(line.Data);

            // The end is null.
            _firstError.TrySetResult(line.Data);
        };
        _process.BeginErrorReadLine();
        _cancellation = cancellation;
        _kill = cancellation.Register(_process.Kill);
    }

    /// <summary>Starts one.</summary>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="arguments">The command and what it is given.</param>
    /// <exception cref="StorageException">The system starts no process.</exception>
    public static ToolChild Start(CancellationToken cancellation, params ReadOnlySpan<string> arguments)
    {
        cancellation.ThrowIfCancellationRequested();
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable(ToolVariable) ?? Beside ?? Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };

        // Under "dotnet run" or "dotnet exec" the process is the host, and the tool is its first argument.
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "PageStore.Cli.dll"));
        }

        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            return new ToolChild(Process.Start(start)!, cancellation);
        }
        catch (Win32Exception failure)
        {
            throw new StorageException($"A process of the tool did not start: {failure.Message}", failure);
        }
    }

    /// <summary>Its number.</summary>
    public int Id => _process.Id;

    /// <summary>Waits for a line on its standard error by which it tells that it is ready.</summary>
    /// <param name="part">What the line has in it.</param>
    /// <exception cref="PageStoreException">It said something else, or nothing, and has ended.</exception>
    /// <exception cref="OperationCanceledException">It was ended because the demo is.</exception>
    public void WaitUntilItSays(string part)
    {
        if (_firstError.Task.GetAwaiter().GetResult()?.Contains(part, StringComparison.Ordinal) != true)
        {
            throw Failure();
        }
    }

    /// <summary>Tells it a line. That it has ended meanwhile is seen by what it does not answer.</summary>
    public void Say(string line)
    {
        try
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // Nobody reads it any more.
        }
    }

    /// <summary>The next line that it says; null when it says no more.</summary>
    public string? ReadLine() => _process.StandardOutput.ReadLine();

    /// <summary>Ends it as the kernel ends a process: it has no say in that.</summary>
    /// <returns>Its exit code.</returns>
    public int Kill()
    {
        _process.Kill();
        _process.WaitForExit();
        _cancellation.ThrowIfCancellationRequested();
        return _process.ExitCode;
    }

    /// <summary>Waits for its end, and gives all that it says until then.</summary>
    /// <exception cref="PageStoreException">It failed, as its exit code tells.</exception>
    /// <exception cref="OperationCanceledException">It was ended because the demo is.</exception>
    public string Finish()
    {
        string output = _process.StandardOutput.ReadToEnd();
        _process.WaitForExit();
        _cancellation.ThrowIfCancellationRequested();
        return _process.ExitCode == ExitCode.Ok ? output : throw Failure();
    }

    /// <summary>What it means that it has ended where it should not have.</summary>
    public Exception Failure()
    {
        _process.WaitForExit();
        _cancellation.ThrowIfCancellationRequested();
        string errors = OneLine.Of(_errors.ToString()).Replace("pagestore: ", string.Empty, StringComparison.Ordinal).Trim();
        string message = $"A process of the tool ended with {_process.ExitCode}: {(errors.Length == 0 ? "it gave no reason." : errors)}";
        return _process.ExitCode switch
        {
            ExitCode.Data => new CorruptDataException(message),
            ExitCode.Interrupted => new OperationCanceledException(),
            ExitCode.Host => new UnsupportedException(message) { IsMissingOnHost = true },
            _ => new StorageException(message),
        };
    }

    /// <summary>Ends it, if it has not ended.</summary>
    public void Dispose()
    {
        _kill.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
