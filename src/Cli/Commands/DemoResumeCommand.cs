using System.CommandLine;
using System.Text.Json;

namespace PageStore.Cli;

/// <summary>The demo's process that brings a machine back; not for people.</summary>
internal static class DemoResumeCommand
{
    public const string Name = "demo-resume";

    public const string WayOption = "--way";

    public const string SecondsOption = "--seconds";

    public static Command Create(ToolConsole console)
    {
        Argument<string> file = CommonOptions.File();
        var way = new Option<string>(WayOption) { Required = true };
        way.AcceptOnlyFromAmong([.. ResumeWay.All.Select(known => known.Name)]);
        var seconds = new Option<double>(SecondsOption) { Required = true };
        var command = new Command(Name) { file, way, seconds };
        command.Hidden = true;
        command.SetAction((parsed, cancellation) => Task.Run(() =>
        {
            using var alone = new ParentWatch(console.Input(), cancellation);
            MachineResumed resumed = MachineResume.Run(
                parsed.GetRequiredValue(file), ResumeWay.All.First(known => known.Name == parsed.GetValue(way)), TimeSpan.FromSeconds(parsed.GetValue(seconds)), alone.Token);
            console.Out.WriteLine(JsonSerializer.Serialize(resumed, ResultJson.Default.MachineResumed));
            return ExitCode.Ok;
        }));
        return command;
    }
}
