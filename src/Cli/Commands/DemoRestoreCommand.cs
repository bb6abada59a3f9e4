using System.CommandLine;
using System.Text.Json;

namespace PageStore.Cli;

/// <summary>What the demo's new process runs where there is no virtual machine; not for people.</summary>
internal static class DemoRestoreCommand
{
    public static Command Create(ToolConsole console)
    {
        Argument<string> file = CommonOptions.File();
        var writes = new Argument<long>("WRITES");
        var command = new Command(StoreDemo.RestoreCommand) { file, writes };
        command.Hidden = true;
        command.SetAction((parsed, cancellation) => Task.Run(() =>
        {
            using var alone = new ParentWatch(console.Input(), cancellation);
            StoreRestored restored = StoreDemo.Restore(parsed.GetRequiredValue(file), parsed.GetValue(writes), alone.Token);
            console.Out.WriteLine(JsonSerializer.Serialize(restored, ResultJson.Default.StoreRestored));
            return ExitCode.Ok;
        }));
        return command;
    }
}
