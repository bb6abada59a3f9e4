using System.Diagnostics;

namespace PageStore.Native.Tests;

/// <summary>Starts this program again in a <see cref="ChildRoles"/> role.</summary>
internal static class ChildProcess
{
    /// <summary>Runs a role to its end.</summary>
    /// <returns>What it wrote, by the word before each line's first '=' or ':'.</returns>
    internal static async Task<IReadOnlyDictionary<string, string>> RunAsync(string role)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        }

        start.ArgumentList.Add("--child");
        start.ArgumentList.Add(role);
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(child.ExitCode == 0, $"The child ended with {child.ExitCode}: {await errors}{output}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(['=', ':'], 2))
            .ToDictionary(parts => parts[0], parts => parts[1].Trim());
    }
}
