using System.CommandLine;
using System.Globalization;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary><c>pagestore capture</c>: epochs of a running domain, at a fixed rate, through the hypervisor's dirty log.</summary>
internal static class CaptureCommand
{
    public static Command Create(ToolConsole console)
    {
        var guest = new Argument<string>("GUEST") { Description = "xen:ID or xen:UUID, a running PVH or HVM domain of this host." };
        guest.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && DomainReference.TryParse(result.Tokens[0].Value) is null)
            {
                result.AddError($"'{result.Tokens[0].Value}' is no domain. Write xen: and the number that xl list shows, or the UUID that xl vm-list shows.");
            }
        });
        var file = new Option<string>("--output", "-o") { Description = "The checkpoint file; one that exists gets further epochs.", Required = true };
        var interval = new Option<string>("--interval") { Description = "From one epoch to the next: 0.2s, 1s, 15m.", DefaultValueFactory = _ => "1s" };
        interval.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && Age.TryParse(result.Tokens[0].Value) is null)
            {
                result.AddError($"'{result.Tokens[0].Value}' is no interval. Write, for instance, 0.2s, 1s or 15m.");
            }
        });
        Option<int?> epochs = CommonOptions.Number("--epochs", "End after N epochs; without it, at Ctrl-C.", 1);
        Option<int?> keepLast = CommonOptions.Number("--keep-last", "Keep the newest N epochs, and drop the others behind each.", 1);
        Option<string> compression = CommonOptions.Compression();
        var command = new Command("capture", "Take epochs of a running Xen domain. They show its memory, and cannot be run again: for that, see receive.")
        {
            guest, file, interval, epochs, keepLast, compression,
        };
        var access = AccessOptions.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(
            console,
            DomainReference.TryParse(parsed.GetRequiredValue(guest))!,
            new CaptureRequest(
                parsed.GetRequiredValue(file),
                Age.TryParse(parsed.GetRequiredValue(interval))!.Value,
                parsed.GetValue(epochs),
                parsed.GetValue(keepLast),
                CommonOptions.CodecOf(parsed.GetRequiredValue(compression))),
            access.Read(parsed),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ToolConsole console, DomainReference reference, CaptureRequest request, CheckpointAccess access, CancellationToken cancellation)
    {
        using CheckpointAccess held = access;
        using XenDomain domain = reference.Open();
        CheckpointWriter? made = null;
        try
        {
            // Within the try: what fails from the creation on must leave no file.
            using CheckpointWriter writer = CheckpointFiles.OpenOrCreate(request.File, request.Codec, access, out bool created);
            made = created ? writer : null;
            await Task.Run(
                () => Capture(domain, writer, request, report =>
                {
                    console.Out.WriteLine(Describe(report, writer.PageSize));
                    CheckpointFiles.KeepLast(writer, request.KeepLast);
                }, cancellation),
                CancellationToken.None);
            return ExitCode.Ok;
        }
        catch when (made is { Newest: null })
        {
            File.Delete(request.File);
            throw;
        }
    }

    private static void Capture(XenDomain domain, CheckpointWriter writer, CaptureRequest request, Action<EpochReport> told, CancellationToken cancellation)
    {
        using var memory = new XenGuestMemory(domain);
        using var log = new XenDirtyLog(domain);
        using var pause = new XenPause(domain);
        using var capture = new GuestCapture(writer, memory, log, pause, new CaptureOptions { GuestId = domain.Uuid });
        capture.Run(request.Interval, request.Epochs, told, cancellation);
    }

    private static string Describe(EpochReport report, int pageSize) => string.Create(
        CultureInfo.InvariantCulture,
        $"epoch {report.Epoch.Id}: {report.Epoch.PagesWritten} pages ({ByteSize.Format(report.Epoch.PagesWritten * pageSize)}) written, paused {report.Pause.TotalMilliseconds:F1} ms");

    /// <summary>What <c>pagestore capture</c> was asked to do.</summary>
    private sealed record CaptureRequest(string File, TimeSpan Interval, int? Epochs, int? KeepLast, IPageCodec Codec);
}
