namespace PageStore.Checkpoint.Peer;

/// <summary>Commits epochs as fast as it can, drops old ones, and says each epoch when its commit has returned. Ends only by a signal or an error.</summary>
internal static class EndlessWriter
{
    /// <summary>Small, so that segments fill up all the time.</summary>
    private const int SegmentSize = 1 << 16;

    /// <summary>Epochs that pruning keeps, and how many commits lie between two prunings.</summary>
    private const int Kept = 8;
    private const int PruneEvery = 5;

    public static int Run(string path, string mode)
    {
        var options = new CheckpointWriterOptions { SegmentSize = SegmentSize, Codec = PageCodecs.Lz4, Durability = Enum.Parse<Durability>(mode) };
        try
        {
            using CheckpointWriter writer = File.Exists(path) ? CheckpointWriter.Open(path, options) : CheckpointWriter.Create(path, options);
            while (true)
            {
                SelfCheckingGuest.Commit(writer);
                Prune(writer);
                Console.WriteLine(KillLoop.CommittedWord + writer.Newest);
            }
        }
        catch (PageStoreException failure)
        {
            Console.Error.WriteLine(failure.Message);
            return KillLoop.ErrorCode;
        }
    }

    /// <summary>Every other time the space goes back to the file system, else it is reused.</summary>
    private static void Prune(CheckpointWriter writer)
    {
        long newest = writer.Newest!.Value.Value;
        if (newest % PruneEvery == 0)
        {
            writer.Prune(new PrunePolicy { KeepLast = Kept, ReturnSpace = newest % (2 * PruneEvery) == 0 });
        }
    }
}
