using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;

namespace PageStore.Cli;

/// <summary><c>pagestore --version</c>: the version of the tool, and what it found on the host.</summary>
internal sealed class VersionAction(ToolConsole console) : SynchronousCommandLineAction
{
    /// <summary>That no command was named is no error then.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        console.Out.WriteLine(Version);
        console.Out.WriteLine($"lz4: {PageCodecs.Lz4}");
        return ExitCode.Ok;
    }

    private static string? Version => typeof(VersionAction).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
}
