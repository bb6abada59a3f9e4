using System.CommandLine;
using System.Text.Json;

namespace PageStore.Cli;

/// <summary>What the demo's new process runs; not for people.</summary>
internal static class DemoResumeCommand
{
    public static Command Create(ToolConsole console)
    {
        Argument<string> file = CommonOptions.File();
        var writes = new Argument<long>("WRITES");
        var command = new Command(DemoRunner.ResumeCommand) { file, writes };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            DemoRestored restored = DemoRunner.Resume(parsed.GetRequiredValue(file), parsed.GetValue(writes));
            console.Out.WriteLine(JsonSerializer.Serialize(restored, ResultJson.Default.DemoRestored));
            return ExitCode.Ok;
        });
        return command;
    }
}
