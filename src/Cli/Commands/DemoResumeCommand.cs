using System.CommandLine;
using System.Text.Json;

namespace PageStore.Cli;

/// <summary>The demo's process that brings a machine back; not for people.</summary>
internal static class DemoResumeCommand
{
    public const string Name = "demo-resume";

    public const string SocketOption = "--socket";

    public const string ServerOption = "--server";

    public const string SecondsOption = "--seconds";

    public const string CheckOption = "--check";

    public static Command Create(ToolConsole console)
    {
        Argument<string> file = CommonOptions.File();
        var socket = new Option<string?>(SocketOption);
        var server = new Option<int?>(ServerOption);
        var seconds = new Option<double>(SecondsOption) { Required = true };
        var check = new Option<bool>(CheckOption);
        var command = new Command(Name) { file, socket, server, seconds, check };
        command.Hidden = true;
        command.SetAction((parsed, cancellation) => Task.Run(() =>
        {
            using var alone = new ParentWatch(console.Input(), cancellation);
            var request = new MachineResumeRequest(
                parsed.GetRequiredValue(file), parsed.GetValue(socket), parsed.GetValue(server), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(check));
            console.Out.WriteLine(JsonSerializer.Serialize(MachineResume.Run(request, alone.Token), ResultJson.Default.MachineResumed));
            return ExitCode.Ok;
        }));
        return command;
    }
}
