using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// No nonce comes twice under one key: over long random histories with reopened writers, abandoned epochs, faults in the middle of
/// commits, losses of power, and two copies of the file that are written on apart.
/// </summary>
public sealed class NonceTests
{
    private readonly HashSet<(string Key, UInt128 Nonce)> _seen = [];
    private readonly HashSet<string> _keys = [];

    [Fact]
    public void No_nonce_is_used_twice_under_one_key()
    {
        var random = new Random(17);
        var file = new MemoryFile();
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), Options()))
        {
            WriteEpochs(writer, random, 2);
        }

        for (int round = 0; round < 150; round++)
        {
            switch (random.Next(4))
            {
                case 0:
                    WriteOn(file, random, fault: null);
                    break;
                case 1:
                    WriteOn(file, random, new Fault(FaultTarget.Write | FaultTarget.Sync, random.Next(1, 9), Fault.Eio, Short: true, Lasting: true));
                    int kept = random.Next();
                    file = file.AfterPowerLoss((operation, _) => (kept >> (operation % 31) & 1) != 0);
                    break;
                case 2:
                    WriteOn(new MemoryFile(file.ToArray()), random, fault: null);
                    break;
                default:
                    WriteOn(file, random, new Fault(FaultTarget.Sync, random.Next(1, 4), Fault.Eio));
                    break;
            }
        }

        Assert.True(_keys.Count > 100 && _seen.Count > 3000, $"{_keys.Count} keys and {_seen.Count} blocks are too few to tell");
        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file), TestKeys.Reader);
        Assert.True(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Ok);
    }

    private CheckpointWriterOptions Options() => TestKeys.Writer with { SealObserver = Observe };

    private void Observe(ReadOnlySpan<byte> subkey, ReadOnlySpan<byte> nonce)
    {
        UInt128 number = 0;
        foreach (byte part in nonce)
        {
            number = (number << 8) | part;
        }

        string key = Convert.ToHexString(subkey);
        _keys.Add(key);
        Assert.True(_seen.Add((key, number)), $"the nonce {number:x} comes twice under one key");
    }

    private void WriteOn(MemoryFile file, Random random, Fault? fault)
    {
        CheckpointWriter? writer = null;
        try
        {
            writer = CheckpointWriter.Open(new MemoryStorage(file, fault), Options());
            WriteEpochs(writer, random, random.Next(1, 4));
        }
        catch (StorageException)
        {
            Assert.True(fault!.Struck);
        }
        finally
        {
            writer?.Dispose();
        }
    }

    private static void WriteEpochs(CheckpointWriter writer, Random random, int count)
    {
        for (int i = 0; i < count; i++)
        {
            using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest, PageCount = 200 });
            for (int page = random.Next(1, 20); page > 0; page--)
            {
                epoch.WritePages(new Pfn(random.Next(200)), HistoryPages.Random(1, random.Next()));
            }

            if (random.Next(4) != 0)
            {
                epoch.Commit();
            }
        }
    }
}
