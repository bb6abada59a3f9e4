using FsCheck.Xunit;
using PageStore.FormatReader;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Whatever goes into a store comes out of it, and what nobody wants any more goes: held against a naive model.</summary>
public sealed class StoreModelTests
{
    private static readonly string[] Names = ["a", "b", "c", "d"];

    [Property(MaxTest = 40)]
    public void Any_interleaving_of_add_drop_and_gc_gives_the_bytes_of_the_model(byte[] script)
    {
        using var folder = new StoreFolder();
        using CheckpointStore store = folder.Open();
        foreach ((byte step, int at) in script.Take(24).Select((step, at) => (step, at)))
        {
            Step(folder, store, step, new Random((at * 256) + step));
            folder.AssertMatches(store);
        }

        store.Collect(maxDead: 0);
        folder.AssertMatches(store);
        folder.AssertNothingLeaks(store);
    }

    [Property(MaxTest = 40, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Histories_in_a_store_read_back_as_the_oracle_knows_them(History history)
    {
        using var folder = new StoreFolder();
        using CheckpointStore store = folder.Open(new StoreSettings());
        string source = Path.Combine(Path.GetDirectoryName(folder.Path)!, "f.pages");
        var run = new HistoryWriter(history, () => CheckpointWriter.Create(source, history.WriterOptions), () => CheckpointWriter.Open(source, history.WriterOptions));
        run.Run();
        StoreAddReport added = store.Add(source, new StoreAddOptions { Name = "g" });
        File.Delete(source);

        using (CheckpointReader reader = CheckpointReader.Open(added.Checkpoint.Path))
        {
            Assert.Equal(added.Checkpoint.FileId, reader.FileId);
            ModelAssert.Matches(reader, run.Epochs);
            VerifyReport report = reader.VerifyDeep();
            Assert.Empty(report.Damage);
            Assert.Empty(report.Warnings);
        }

        using IBlockSource blocks = DirectoryBlockStore.TryOpenFor(added.Checkpoint.Path, added.Checkpoint.FileId, null)!;
        FormatFile file = FormatFile.Open(added.Checkpoint.Path, blocks: (hash, length) =>
        {
            byte[] content = new byte[length];
            return blocks.TryRead(BlockHash.Read(hash), content) ? content : null;
        });
        ModelAssert.Matches(file, run.Epochs);

        // And out again.
        string alone = source + ".alone";
        CheckpointCompactor.Compact(added.Checkpoint.Path, alone);
        store.Remove("g");
        using CheckpointReader outside = CheckpointReader.Open(alone);
        ModelAssert.Matches(outside, run.Epochs);
    }

    private static void Step(StoreFolder folder, CheckpointStore store, byte step, Random random)
    {
        string name = Names[step / 8 % Names.Length];
        switch (step % 8)
        {
            case 0 or 1 or 2 or 3 when !folder.Model.ContainsKey(name):
                folder.Add(store, name, step >= 128 ? "one" : "two", RandomEpochs(random));
                break;
            case 4 or 5 when folder.Model.ContainsKey(name):
                folder.Remove(store, name);
                break;
            case 6:
                store.Collect();
                break;
            case 7:
                store.Collect(maxDead: 0);
                folder.AssertNothingLeaks(store);
                break;
        }
    }

    /// <summary>Pages out of few numbers, so that much is equal within a checkpoint and between them.</summary>
    private static int[][] RandomEpochs(Random random)
    {
        int pages = random.Next(1, 12);
        return [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Enumerable.Range(0, pages).Select(_ => random.Next(20)).ToArray())];
    }
}
