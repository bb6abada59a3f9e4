using System.Globalization;

namespace PageStore.Checkpoint.Peer;

/// <summary>Adds checkpoints to a store, one behind the other, until it is killed or its standard input ends, and says the name of each.</summary>
public static class StoreAdderLoop
{
    private const int PageSize = 4096;
    private const int Pages = 200;

    /// <summary>Runs as the second process.</summary>
    public static int Run(string folder, string first)
    {
        using CheckpointStore store = CheckpointStore.Open(folder);
        bool ended = false;
        var end = new Thread(WaitForEnd) { IsBackground = true };
        end.Start();
        for (int number = int.Parse(first, NumberStyles.None, CultureInfo.InvariantCulture); !Volatile.Read(ref ended); number++)
        {
            string file = Path.Combine(folder, "..", $"peer-{number}.pages");
            WriteFile(file, Enumerable.Range(0, Pages).Select(page => Page(number, page)));
            store.Add(file, new StoreAddOptions { Name = $"{number}", Domain = "d" });
            File.Delete(file);
            Console.WriteLine(number);
        }

        return 0;

        void WaitForEnd()
        {
            Console.In.Read();
            Volatile.Write(ref ended, true);
        }
    }

    /// <summary>Checks a checkpoint that such a process added.</summary>
    /// <exception cref="InvalidDataException">A page is wrong.</exception>
    public static void Check(StoredCheckpoint checkpoint)
    {
        int number = int.Parse(checkpoint.Name, NumberStyles.None, CultureInfo.InvariantCulture);
        using CheckpointReader reader = CheckpointReader.Open(checkpoint.Path);
        using Epoch epoch = reader.OpenNewest();
        byte[] page = new byte[PageSize];
        for (int at = 0; at < Pages; at++)
        {
            epoch.ReadPage(new Pfn(at), page);
            if (!page.AsSpan().SequenceEqual(Page(number, at)))
            {
                throw new InvalidDataException($"{checkpoint.Name}, page {at} is wrong");
            }
        }
    }

    /// <summary>Writes a checkpoint file of one epoch.</summary>
    public static void WriteFile(string path, IEnumerable<byte[]> pages)
    {
        using CheckpointWriter writer = CheckpointWriter.Create(path, new CheckpointWriterOptions { SegmentSize = 1 << 16, Durability = Durability.SurvivesProcessCrash });
        using EpochBuilder builder = writer.BeginEpoch();
        foreach ((byte[] page, int at) in pages.Select((page, at) => (page, at)))
        {
            builder.WritePages(new Pfn(at), page);
        }

        builder.Commit();
    }

    /// <summary>Every second page is the same in all checkpoints, the others in none.</summary>
    private static byte[] Page(int number, int page)
    {
        byte[] content = new byte[PageSize];
        new Random(page % 2 == 0 ? page + 1 : (number * 1000) + page).NextBytes(content);
        return content;
    }
}
