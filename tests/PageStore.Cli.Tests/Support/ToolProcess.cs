using System.Diagnostics;
using System.Globalization;

namespace PageStore.Cli.Tests;

/// <summary>The tool as a process of its own, as users run it.</summary>
internal static class ToolProcess
{
    /// <summary>Starts the tool that was built beside the tests.</summary>
    public static Process Start(params string[] args) => Start(AppContext.BaseDirectory, string.Empty, args);

    /// <summary>The same, with variables in its environment.</summary>
    public static Process StartWith((string Name, string Value)[] environment, params string[] args) =>
        Start(AppContext.BaseDirectory, string.Empty, args, environment);

    /// <summary>Runs the tool to its end, with more in its environment.</summary>
    public static async Task<(int Code, string Out, string Error)> RunInAsync((string Name, string Value)[] environment, params string[] args)
    {
        using Process process = Start(AppContext.BaseDirectory, string.Empty, args, environment);
        return await EndAsync(process);
    }

    /// <summary>The same, with a folder as its working directory.</summary>
    public static Process StartIn(string workingDirectory, params string[] args) => Start(AppContext.BaseDirectory, workingDirectory, args);

    /// <summary>Starts a copy of the tool from another folder.</summary>
    public static Process StartCopy(string folder, params string[] args) => Start(folder, string.Empty, args);

    /// <summary>Runs the tool to its end.</summary>
    public static async Task<(int Code, string Out, string Error)> RunAsync(params string[] args)
    {
        using Process process = Start(args);
        return await EndAsync(process);
    }

    /// <summary>Closes the tool's input and waits for its end.</summary>
    public static async Task<(int Code, string Out, string Error)> EndAsync(Process process)
    {
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    /// <summary>Sends a signal by its name.</summary>
    public static async Task SignalAsync(Process process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>The most memory that the process has had resident so far, in bytes.</summary>
    public static long PeakResidentBytes(Process process)
    {
        string line = File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private static Process Start(string folder, string workingDirectory, string[] args, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory,
        };
        start.ArgumentList.Add(Path.Combine(folder, "PageStore.Cli.dll"));
        foreach (string arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
