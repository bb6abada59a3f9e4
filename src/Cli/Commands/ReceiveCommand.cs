using System.CommandLine;
using System.Globalization;

namespace PageStore.Cli;

/// <summary>
/// <c>pagestore receive</c>: stands where <c>xl migrate-receive</c> would. Each checkpoint that <c>xl remus</c> sends becomes an epoch, and when the
/// sender is gone the last whole one is what is left of the guest.
/// </summary>
internal static class ReceiveCommand
{
    /// <summary>What xl appends to the command that it was given: a host, and the receiver that it would start there with its options (Xen's tools/xl/xl_migrate.c).</summary>
    private static readonly string[] Replaced = ["xl", "migrate-receive"];

    public static Command Create(ToolConsole console)
    {
        var file = new Option<string>("--output", "-o") { Description = "The checkpoint file; one that exists gets further epochs.", Required = true };
        var onLoss = new Option<string?>("--on-loss")
        {
            Description = "Run when the sender is gone, by /bin/sh, with PAGESTORE_CHECKPOINT=FILE@EPOCH in its environment: for instance to restore the guest here.",
            HelpName = "COMMAND",
        };
        Option<int?> timeout = CommonOptions.Number("--timeout", "Take the sender for gone when nothing has come for N seconds; without it, only when the stream ends.", 1);
        Option<int?> keepLast = CommonOptions.Number("--keep-last", "Keep the newest N epochs, and drop the others behind each.", 1);
        Option<string?> compression = CommonOptions.Compression();
        var command = new Command("receive", "Receive a guest that xl remus replicates: xl remus -F -n -d -i 1000 -s \"pagestore receive -o FILE\" GUEST backup")
        {
            file, onLoss, timeout, keepLast, compression,
        };
        var access = AccessOptions.AddTo(command);

        // xl appends words of its own, which look like options.
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancellation) => RunAsync(
            console,
            new ReceiveOptions(
                parsed.GetRequiredValue(file),
                parsed.GetValue(onLoss),
                parsed.GetValue(timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                parsed.GetValue(keepLast),
                PageForm.Of(parsed.GetValue(compression), PageCodecs.Lz4),
                HasSender([.. parsed.UnmatchedTokens])),
            access.Read(parsed),
            cancellation));
        return command;
    }

    /// <summary>Whether there are the words that xl appends.</summary>
    /// <exception cref="ArgumentException">There are others.</exception>
    private static bool HasSender(string[] words)
    {
        bool areOfXl = words.Length > Replaced.Length && !words[0].StartsWith('-') && words.AsSpan(1, Replaced.Length).SequenceEqual(Replaced);
        return words.Length == 0 || areOfXl
            ? areOfXl
            : throw new ArgumentException($"Unrecognized command or argument '{words[0]}'. Try: pagestore receive --help");
    }

    private static async Task<int> RunAsync(ToolConsole console, ReceiveOptions options, CheckpointAccess access, CancellationToken cancellation)
    {
        using CheckpointAccess held = access;
        await using Stream input = console.Input();
        Received received = await new Receiver(console, options, access).RunAsync(input, cancellation);
        console.Error.WriteLine("pagestore: " + Describe(options.File, received));
        return received.IsLost && options.OnLoss is { } command ? await LossCommand.RunAsync(console, command, options.File, received.Last) : ExitCode.Ok;
    }

    private static string Describe(string file, Received received) => string.Create(
        CultureInfo.InvariantCulture,
        $"{received.Epochs} epochs in {file}, the last one is {received.Last}; {(received.IsLost ? "the sender is gone" : "the stream has ended")}{(received.Root is null ? string.Empty : $", root {received.Root}")}");
}
