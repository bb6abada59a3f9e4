using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;

namespace PageStore.Cli;

/// <summary>The <c>pagestore</c> command: finds the command that is meant, runs it, and turns errors into a line and an exit code.</summary>
internal static class Tool
{
    /// <summary>The command as people type it, and as its help shows it.</summary>
    private const string Name = "pagestore";

    /// <summary>Set it to 1 to see where an error came from.</summary>
    private const string DebugVariable = "PAGESTORE_DEBUG";

    /// <summary>A file may be called @guest: no argument is a file of arguments.</summary>
    private static readonly ParserConfiguration Syntax = new() { ResponseFileTokenReplacer = null };

    /// <summary>Long enough to end an epoch under way after Ctrl-C.</summary>
    private static readonly TimeSpan TerminationTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Runs the tool once.</summary>
    /// <param name="args">The arguments behind the command's name.</param>
    /// <param name="console">Where it reads and writes.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] args, ToolConsole console)
    {
        // No RootCommand: that one is named after the assembly.
        var root = new Command(Name, "Keeps the memory of guests as chains of incremental checkpoints.")
        {
            new HelpOption(),
            new VersionOption { Action = new VersionAction(console) },
            ImportCommand.Create(console),
            ReceiveCommand.Create(console),
            CaptureCommand.Create(console),
            ExportCommand.Create(console),
            InspectCommand.Create(console),
            VerifyCommand.Create(console),
            DiffCommand.Create(console),
            PredictCommand.Create(console),
            PackCommand.Create(console),
            ServeCommand.Create(console),
            RepairCommand.Create(console),
            PruneCommand.Create(console),
            CompactCommand.Create(console),
            StoreCommand.Create(console),
            CloneCommand.Create(console),
            CloneHostCommand.Create(console),
            DemoCommand.Create(console),
            DemoCaptureCommand.Create(console),
            DemoResumeCommand.Create(console),
            DemoRestoreCommand.Create(console),
        };
        ParseResult parsed = root.Parse(args, Syntax);
        if (parsed.Errors.Count > 0)
        {
            console.Error.WriteLine($"pagestore: {WhatIsWrong(parsed)} Try: pagestore {CommandPath(parsed, root)}--help");
            return ExitCode.Usage;
        }

        try
        {
            Lz4Engine.Choose();
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = console.Out,
                Error = console.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TerminationTimeout,
            });
        }
        catch (Exception failure)
        {
            return Report(failure, parsed.CommandResult.Command, console);
        }
    }

    /// <summary>A word that nothing expects comes first: what else is missing then is mostly its consequence.</summary>
    private static string WhatIsWrong(ParseResult parsed) =>
        parsed.UnmatchedTokens.Count > 0 ? $"Unrecognized command or argument '{parsed.UnmatchedTokens[0]}'." : OneLine.Of(parsed.Errors[0].Message);

    private static string CommandPath(ParseResult parsed, Command root)
    {
        string path = string.Empty;
        for (CommandResult? at = parsed.CommandResult; at is not null && at.Command != root; at = at.Parent as CommandResult)
        {
            path = $"{at.Command.Name} {path}";
        }

        return path;
    }

    private static int Report(Exception failure, Command command, ToolConsole console)
    {
        int code = CodeOf(failure, command);
        string message = code == ExitCode.Unexpected
            ? $"{failure.GetType().Name}: {failure.Message} This is a defect of pagestore; {DebugVariable}=1 shows where it happened."
            : OneLine.Of(failure.Message);
        console.Error.WriteLine("pagestore: " + message);
        if (Environment.GetEnvironmentVariable(DebugVariable) == "1")
        {
            console.Error.WriteLine(failure);
        }

        return code;
    }

    private static int CodeOf(Exception failure, Command command) => failure switch
    {
        CorruptDataException => ExitCode.Data,
        WrongKeyException => ExitCode.Key,

        // The demo and its processes need nothing but the host; everything else meets most of what it does not support in a file.
        UnsupportedException { IsMissingOnHost: true } => ExitCode.Host,
        UnsupportedException => command.Name.StartsWith(DemoCommand.Name, StringComparison.Ordinal) ? ExitCode.Host : ExitCode.Data,
        StorageException or IOException or UnauthorizedAccessException => ExitCode.InputOutput,
        KeyNotFoundException or ArgumentException => ExitCode.Usage,
        OperationCanceledException => ExitCode.Interrupted,
        _ => ExitCode.Unexpected,
    };
}
