using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary><c>pagestore serve</c> as a process of its own.</summary>
internal sealed class ServeProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    internal ServeProcess(string file, string socket, params string[] options)
    {
        Socket = socket;
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "PageStore.Cli"), ["serve", file, "--socket", socket, "--json", .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;

        // It says so when it listens.
        string? line = _process.StandardError.ReadLine();
        Assert.True(line is not null && line.Contains(" is served at ", StringComparison.Ordinal), line ?? "it ended at once");
    }

    internal string Socket { get; }

    /// <summary>Waits for the report of a guest.</summary>
    internal JsonElement ReadReport()
    {
        Task<string?> line = _process.StandardOutput.ReadLineAsync();
        Assert.True(line.Wait(Patience), "no report comes");
        Assert.NotNull(line.Result);
        return JsonDocument.Parse(line.Result).RootElement;
    }

    /// <summary>Waits until it ends by itself.</summary>
    internal int WaitForEnd()
    {
        Assert.True(_process.WaitForExit(Patience), "it does not end");
        return _process.ExitCode;
    }

    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        File.Delete(Socket);
    }
}
