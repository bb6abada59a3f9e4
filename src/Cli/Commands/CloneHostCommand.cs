using System.CommandLine;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>The process of one clone; not for people.</summary>
internal static class CloneHostCommand
{
    public const string Name = "clone-host";

    public static Command Create(ToolConsole console)
    {
        var path = new Argument<string>("BASE");
        var command = new Command(Name) { path };
        command.Hidden = true;
        command.SetAction((parsed, cancellation) => Task.Run(() =>
        {
            using CloneBase source = CloneBase.Open(parsed.GetRequiredValue(path));
            using var input = new StreamReader(console.Input());
            using var host = new CloneHost(source, input, console.Out);
            host.Serve(cancellation);
            return ExitCode.Ok;
        }));
        return command;
    }
}
