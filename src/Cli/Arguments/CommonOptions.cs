using System.CommandLine;

namespace PageStore.Cli;

/// <summary>Arguments and options that several commands have.</summary>
internal static class CommonOptions
{
    /// <summary><c>--json</c>: one JSON object on standard output.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON object instead of text." };

    /// <summary>The checkpoint file that a command reads.</summary>
    public static Argument<string> File() => new("FILE") { Description = "The checkpoint file." };
}
