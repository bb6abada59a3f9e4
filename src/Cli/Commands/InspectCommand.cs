using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;
using Spectre.Console;

namespace PageStore.Cli;

/// <summary><c>pagestore inspect</c>: what a checkpoint file holds.</summary>
internal static class InspectCommand
{
    public static Command Create(ToolConsole console)
    {
        Argument<string> file = CommonOptions.File();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("inspect", "Show a checkpoint file and its epochs.") { file, json };
        var access = AccessOptions.AddTo(command, withStore: true);
        command.SetAction(parsed =>
        {
            using CheckpointAccess given = access.Read(parsed);
            return Run(console, parsed.GetRequiredValue(file), given, parsed.GetValue(json));
        });
        return command;
    }

    private static int Run(ToolConsole console, string file, CheckpointAccess access, bool json)
    {
        if (access is { Key: null, ExpectedRoot: null } && CheckpointReader.ReadEncryption(file) is { } locked)
        {
            ShowLocked(console, locked, json);
            return ExitCode.Ok;
        }

        using CheckpointReader reader = access.Open(file);
        EpochInfo[] epochs = [.. reader.Epochs()];
        long pageCount = epochs.Length == 0 ? 0 : epochs[^1].PageCount;
        if (json)
        {
            var result = new InspectResult(reader.FormatVersion, reader.PageSize, pageCount, reader.FileBytes, CheckpointAccess.RootOf(reader), reader.Encryption is not null, reader.Encryption?.KeyId, [.. epochs.Select(epoch => InspectEpoch.Of(epoch, HookResult.Of(reader, epoch), DiskOf(reader, epoch)))]);
            console.Out.WriteLine(JsonSerializer.Serialize(result, ResultJson.Default.InspectResult));
        }
        else
        {
            console.Out.WriteLine($"format version {reader.FormatVersion}, pages of {reader.PageSize} bytes, {pageCount} pages, file of {ByteSize.Format(reader.FileBytes)}, {epochs.Length} epochs");
            ShowState(console, reader);
            console.Show(TableOf(epochs));
            ShowHooks(console, reader, epochs);
            ShowDisks(console, reader, epochs);
            foreach (EpochInfo epoch in epochs.Where(epoch => epoch.Pack is not null))
            {
                console.Out.WriteLine($"epoch {epoch.Id}: resume pack of {Count(epoch.Pack!.Value.Pages)} pages, {ByteSize.Format(epoch.Pack.Value.Bytes)}");
            }
        }

        return ExitCode.Ok;
    }

    private static void ShowState(ToolConsole console, CheckpointReader reader)
    {
        if (CheckpointAccess.RootOf(reader) is { } root)
        {
            console.Out.WriteLine($"root {root}");
        }

        if (reader.Encryption is { } encryption)
        {
            console.Out.WriteLine($"encrypted, key id {encryption.KeyId}");
        }
    }

    private static void ShowLocked(ToolConsole console, EncryptionInfo encryption, bool json)
    {
        string secret = encryption.UsesPassphrase ? $"passphrase ({AccessOptions.PassphraseVariable})" : "key (--key-file)";
        console.Out.WriteLine(json
            ? JsonSerializer.Serialize(new InspectLocked(true, encryption.KeyId, encryption.UsesPassphrase), ResultJson.Default.InspectLocked)
            : $"encrypted, key id {encryption.KeyId}: give its {secret} to see more");
    }

    private static void ShowHooks(ToolConsole console, CheckpointReader reader, EpochInfo[] epochs)
    {
        foreach (EpochInfo epoch in epochs)
        {
            if (HookResult.Of(reader, epoch) is { } hook)
            {
                console.Out.WriteLine(hook.Describe(epoch.Id));
            }
        }
    }

    private static void ShowDisks(ToolConsole console, CheckpointReader reader, EpochInfo[] epochs)
    {
        foreach (EpochInfo epoch in epochs)
        {
            if (DiskOf(reader, epoch) is { } disk)
            {
                console.Out.WriteLine($"epoch {epoch.Id}: disk {OneLine.Of(disk.Export)} of {disk.Length} bytes{Named(", changed as said by bitmap", disk.Bitmap)}{Named(", what is written from then on said by bitmap", disk.NextBitmap)}");
            }
        }

        static string Named(string what, string? bitmap) => bitmap is null ? string.Empty : $"{what} {OneLine.Of(bitmap)}";
    }

    /// <summary>Only epochs with state sections are opened: a file may have many without.</summary>
    private static DiskInfo? DiskOf(CheckpointReader reader, EpochInfo info)
    {
        if (info.States.Count == 0)
        {
            return null;
        }

        using Epoch epoch = reader.OpenEpoch(info.Id);
        return DiskInfo.TryRead(epoch);
    }

    private static Table TableOf(EpochInfo[] epochs)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string heading in (string[])["epoch", "parent", "time", "written", "read", "zero", "absent", "configured", "added", "consistency", "label"])
        {
            table.AddColumn(new TableColumn(heading).NoWrap());
        }

        foreach (EpochInfo epoch in epochs)
        {
            table.AddRow(
                epoch.Id.ToString(),
                epoch.Parent?.ToString() ?? "-",
                epoch.Time.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture),
                Count(epoch.PagesWritten),
                epoch.PagesRead is { } read ? Count(read) : "-",
                Count(epoch.PagesZero),
                Count(epoch.PagesAbsent),
                Count(epoch.PagesConfigured),
                ByteSize.Format(epoch.Bytes),
                epoch.Consistency.ToString().ToLowerInvariant(),
                Markup.Escape(epoch.Label ?? string.Empty));
        }

        return table;
    }

    private static string Count(long pages) => pages.ToString(CultureInfo.InvariantCulture);
}
