using System.CommandLine;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary><c>pagestore capture</c>: epochs of a running domain, at a fixed rate, through the hypervisor's dirty log.</summary>
internal static class CaptureCommand
{
    /// <summary>Longer than a snapshot takes, and shorter than what a guest's peers take for its end.</summary>
    private const int DefaultHookSeconds = 10;

    /// <summary>An hour, in which nobody takes the guest for running any more.</summary>
    private const int MaxHookSeconds = 3600;

    /// <summary>The one source of R that there is.</summary>
    private const string PageTables = "page-tables";

    public static Command Create(ToolConsole console)
    {
        var guest = new Argument<string>("GUEST") { Description = "xen:ID, xen:NAME or xen:UUID, a running domain of this host." };
        guest.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && DomainReference.TryParse(result.Tokens[0].Value) is null)
            {
                result.AddError($"'{result.Tokens[0].Value}' is no domain. Write xen: and the number or the name that xl list shows, or the UUID that xl vm-list shows.");
            }
        });
        var file = new Option<string>("--output", "-o") { Description = "The checkpoint file; one that exists gets further epochs. - writes a stream to standard output, for import on another host.", Required = true };
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
        Option<string?> restorable = RestorableOption.Create();
        Option<string?> compression = CommonOptions.Compression();
        var hook = new Option<string?>("--hook-paused")
        {
            Description = "Run by /bin/sh for each epoch while the guest stands still, with PAGESTORE_CHECKPOINT=FILE@EPOCH and PAGESTORE_DOMAIN in its environment: for instance to take a snapshot of "
                + "its disk. Memory that is brought back over a disk that moved on destroys its file systems.",
            HelpName = "COMMAND",
        };
        Option<int?> hookTimeout = CommonOptions.Number("--hook-timeout", $"Kill that command after N seconds and let the guest go on; {DefaultHookSeconds} unless said otherwise.", 1, MaxHookSeconds);
        var reads = new Option<string?>("--reads")
        {
            Description = $"{PageTables}: also keep which pages the guest reads, for plans and predict, by the accessed bits of its own page tables. They are cleared while it is paused, so that its kernel takes pages for colder than they are. "
                + "PVH guests, and HVM guests without a device model.",
        };
        reads.AcceptOnlyFromAmong(PageTables);
        var pack = new Option<bool>("--pack") { Description = "Give the newest epoch a resume pack, so that the guest comes back quickly from what a crash leaves. Each epoch takes as much longer as its pack takes to write." };
        var noSpaceCheck = new Option<bool>("--no-space-check") { Description = "Begin also where a whole image of the guest may not fit on the file system." };
        var command = new Command("capture", "Take epochs of a running Xen domain. They show its memory; those of --restorable can be run again, too.")
        {
            guest, file, interval, epochs, keepLast, restorable, compression, hook, hookTimeout, reads, pack, noSpaceCheck,
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
                parsed.GetValue(compression),
                !parsed.GetValue(noSpaceCheck),
                parsed.GetValue(hook) is { } script ? new PauseHookOptions(script, TimeSpan.FromSeconds(parsed.GetValue(hookTimeout) ?? DefaultHookSeconds)) : null,
                RestorableOption.TryParse(parsed.GetValue(restorable)),
                parsed.GetValue(reads) is not null,
                parsed.GetValue(pack)),
            access.Read(parsed),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ToolConsole console, DomainReference reference, CaptureRequest request, CheckpointAccess access, CancellationToken cancellation)
    {
        using CheckpointAccess held = access;
        if (request.IsStream)
        {
            CheckStream(request, access);
        }

        using XenDomain domain = reference.Open();
        if (request.IsStream && !domain.IsHvm)
        {
            throw new ArgumentException("-o - is for PVH and HVM guests: a PV guest's stream begins with state that only a suspend tells. Capture it into a file, or pipe what xl save writes.");
        }

        if (request.ReadsPageTables && domain.HasDeviceModel())
        {
            throw new UnsupportedException("--reads is not supported for a guest with a device model (QEMU): what it read is told beside what it wrote, and Xen's log of that lacks what the device model writes. Capture it without --reads.");
        }

        var session = new CaptureSession(console, domain, request, cancellation);
        Func<int> run = request.IsStream ? () => IntoStream(console, session) : () => IntoFile(domain, session, request, access);
        return await Task.Run(run, CancellationToken.None);
    }

    private static void CheckStream(CaptureRequest request, CheckpointAccess access)
    {
        if (access.Key is not null)
        {
            throw new ArgumentException("-o - writes a stream of Xen's format, which has no place for encryption, so nothing is sent. Let ssh encrypt the way, and give the key to the import that writes the file: "
                + "pagestore capture xen:GUEST -o - | ssh HOST pagestore import - -o FILE --key-file KEY");
        }

        if (request.KeepLast is not null || request.ReadsPageTables || request.Packs || request.Compression is not null || access.ExpectedRoot is not null)
        {
            throw new ArgumentException("--keep-last, --reads, --pack, --compression and --expect-root are for a file, and -o - writes a stream of Xen's format: give those that it knows to the import or receive that reads it.");
        }
    }

    private static int IntoStream(ToolConsole console, CaptureSession session)
    {
        using Stream output = console.Output();
        return session.IntoStream(output);
    }

    private static int IntoFile(XenDomain domain, CaptureSession session, CaptureRequest request, CheckpointAccess access)
    {
        CheckpointWriter? made = null;
        try
        {
            // Within the try: what fails from the creation on must leave no file.
            using CheckpointWriter writer = CheckpointFiles.OpenOrCreate(request.File, PageForm.Of(request.Compression, PageCodecs.Lz4), access, out bool created);
            made = created ? writer : null;
            if (request.ChecksSpace)
            {
                SpaceCheck.ThrowIfTooSmall(writer, domain, request.File, access.Key is not null);
            }

            return session.IntoFile(writer);
        }
        catch when (made is { Newest: null })
        {
            File.Delete(request.File);
            throw;
        }
    }
}
