using System.CommandLine;
using System.Text.Json;

namespace PageStore.Cli;

/// <summary>The demo's process that runs a machine and takes epochs of it; not for people. It says a line of JSON for each epoch.</summary>
internal static class DemoCaptureCommand
{
    public const string Name = "demo-capture";

    public const string MemoryOption = "--memory";

    public const string WorkingOption = "--working";

    public const string ConfiguredOption = "--configured";

    public static Command Create(ToolConsole console)
    {
        Argument<string> file = CommonOptions.File();
        var memory = new Option<long>(MemoryOption) { Required = true };
        var working = new Option<long?>(WorkingOption);
        var configured = new Option<long?>(ConfiguredOption);
        var command = new Command(Name) { file, memory, working, configured };
        command.Hidden = true;
        command.SetAction((parsed, cancellation) => Task.Run(() =>
        {
            long bytes = parsed.GetRequiredValue(memory);
            using var alone = new ParentWatch(console.Input(), cancellation);
            MachineCapture.Run(
                parsed.GetRequiredValue(file),
                bytes,
                DemoWorkload.For(bytes, parsed.GetValue(working), parsed.GetValue(configured)),
                report => console.Out.WriteLine(JsonSerializer.Serialize(DemoEpoch.Of(report), ResultJson.Default.DemoEpoch)),
                alone.Token);
            return ExitCode.Ok;
        }));
        return command;
    }
}
