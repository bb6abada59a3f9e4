using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>Receives one guest into one checkpoint file.</summary>
internal sealed class Receiver(ToolConsole console, ReceiveOptions options, CheckpointAccess access)
{
    private long _epochs;
    private EpochInfo? _last;

    /// <summary>Opens the file, tells the sender to begin, and reads the stream to its end, or to the sender's.</summary>
    /// <exception cref="CorruptDataException">The stream ends before its first checkpoint, or is damaged; what was committed stays.</exception>
    public async Task<Received> RunAsync(Stream input, CancellationToken cancellation)
    {
        CheckpointWriter? made = null;
        try
        {
            // Within the try: what fails from the creation on must leave no file.
            using CheckpointWriter writer = CheckpointFiles.OpenOrCreate(options.File, options.Form, access, out bool created);
            made = created ? writer : null;
            if (options.HasSender)
            {
                await Handshake.SendAsync(console, cancellation);
            }

            bool isLost = await ReceiveAsync(options.Timeout is { } timeout ? new PatientStream(input, timeout) : input, writer, cancellation);
            return new Received(_epochs, _last!.Id, isLost, CheckpointKey.IsSupported ? writer.RootHash : null);
        }
        catch when (made is { Newest: null })
        {
            File.Delete(options.File);
            throw;
        }
    }

    /// <summary>Says whether the sender is gone.</summary>
    private async Task<bool> ReceiveAsync(Stream input, CheckpointWriter writer, CancellationToken cancellation)
    {
        try
        {
            ImportReport report = await ImageImporter.ImportIntoAsync(
                input, writer, new ImportOptions { Committed = info => Committed(writer, info) }, cancellationToken: cancellation);
            if (report.RecordsDropped > 0)
            {
                console.Error.WriteLine(ImportCommand.DescribeDropped(report));
            }

            return report.IsCutOff;
        }
        catch (IOException failure) when (_epochs > 0)
        {
            // The connection broke: what arrived is whole up to the last epoch.
            console.Error.WriteLine($"pagestore: {OneLine.Of(failure.Message)}");
            return true;
        }
    }

    private void Committed(CheckpointWriter writer, EpochInfo info)
    {
        _epochs++;
        _last = info;

        // Not to standard output: xl reads that, and expects the handshake only.
        console.Error.WriteLine(EpochLine.Of(info, writer.PageSize));
        CheckpointFiles.KeepLast(writer, options.KeepLast);
    }
}
