using System.Diagnostics;

namespace PageStore.Native.Tests;

/// <summary>Starts this program again in a role of <see cref="ChildRoles"/>, <see cref="GuardRoles"/>, <see cref="LazyRoles"/> or <see cref="CloneRoles"/>.</summary>
internal static class ChildProcess
{
    /// <summary>Runs a role to its end.</summary>
    /// <returns>What it wrote, by the word before each line's first '=' or ':'.</returns>
    internal static async Task<IReadOnlyDictionary<string, string>> RunAsync(string role)
    {
        (int exitCode, string output, string errors) = await RunToExitAsync(role);
        Assert.True(exitCode == 0, $"The child ended with {exitCode}: {errors}{output}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(['=', ':'], 2))
            .ToDictionary(parts => parts[0], parts => parts[1].Trim());
    }

    /// <summary>Runs a role that may end badly.</summary>
    /// <returns>Its exit code, 128 and the signal if it was killed; and what it wrote.</returns>
    internal static async Task<(int ExitCode, string Output, string Errors)> RunToExitAsync(string role)
    {
        using Process child = Start(role);
        Task<string> errors = child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (child.ExitCode, output, await errors);
    }

    /// <summary>Starts a role; the caller ends it.</summary>
    internal static Process Start(string role)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        }

        start.ArgumentList.Add("--child");
        start.ArgumentList.Add(role);
        return Process.Start(start)!;
    }
}
