using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>Receives one guest into one checkpoint file.</summary>
internal sealed class Receiver(ToolConsole console, ReceiveOptions options, CheckpointAccess access)
{
    private long _epochs;
    private EpochInfo? _last;

    /// <summary>Reads the stream to its end, or to the sender's.</summary>
    /// <exception cref="CorruptDataException">The stream ends before its first checkpoint, or is damaged; what was committed stays.</exception>
    public async Task<Received> RunAsync(Stream input, CancellationToken cancellation)
    {
        var writerOptions = new CheckpointWriterOptions { Codec = options.Codec, Key = access.Key, ExpectedRoot = access.ExpectedRoot };
        bool exists = File.Exists(options.File) || access.ExpectedRoot is not null;
        try
        {
            using CheckpointWriter writer = exists ? CheckpointWriter.Open(options.File, writerOptions) : CheckpointWriter.Create(options.File, writerOptions);
            bool isLost = await ReceiveAsync(input, writer, cancellation);
            return new Received(_epochs, _last!.Id, isLost, CheckpointKey.IsSupported ? writer.RootHash : null);
        }
        catch when (!exists && _epochs == 0)
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
        if (options.KeepLast is { } keep)
        {
            // What this frees the next epochs use; to give it back to the file system each time would only cost time.
            writer.Prune(new PrunePolicy { KeepLast = keep, ReturnSpace = false });
        }
    }
}
