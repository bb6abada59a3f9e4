using System.Security.Cryptography;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What repair has to do with keys and sessions; all else is in <see cref="CheckpointRepairTests"/>.</summary>
public sealed class EncryptedRepairTests
{
    [Fact]
    public void Repaired_file_has_the_same_key_and_another_salt_and_id()
    {
        byte[] file = SampleFiles.WriteRich(lz4: true, encrypted: true).File;
        using var repaired = Repaired.Of(file, encrypted: true);
        FileHeader before = WrittenHistory.RootOf(file).Header;
        FileHeader after = WrittenHistory.RootOf(repaired.File).Header;
        Assert.Equal(before.Encryption!.KeyIdText, after.Encryption!.KeyIdText);
        Assert.NotEqual(before.Encryption.Salt, after.Encryption.Salt);
        Assert.NotEqual(before.FileId, after.FileId);
        Assert.Equal(repaired.Report.Epochs, FormatReader.FormatFile.Open(repaired.File, TestKeys.FormatKey).Epochs.Count);
    }

    [Fact]
    public void A_passphrase_repairs_what_it_closed()
    {
        using CheckpointKey phrase = CheckpointKey.FromPassphrase("word");
        var file = new MemoryFile();
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), TestKeys.Writer with { Key = phrase, KeyDerivationIterations = 1000 }))
        {
            Commit(writer, 0, 3, seed: 1);
        }

        var target = new MemoryFile();
        byte[] bytes = file.ToArray();
        RepairReport report = CheckpointRepair.Salvage(new BytesStorage(bytes, bytes.Length), () => new MemoryStorage(target), new RepairOptions { Key = phrase }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(report.Complete);
        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(target), new CheckpointReaderOptions { Key = phrase });
        Assert.True(reader.Encryption!.UsesPassphrase);
        AssertPages(reader, 1, 0, 3, seed: 1);
    }

    [Fact]
    public void Wrong_missing_and_needless_keys_are_refused_before_a_new_file_is_made()
    {
        byte[] secret = SampleFiles.WriteTiny(encrypted: true).File;
        Assert.Contains("is encrypted", Refused<WrongKeyException>(secret, null), StringComparison.Ordinal);
        Assert.Contains("is not that of", Refused<WrongKeyException>(secret, TestKeys.Other), StringComparison.Ordinal);
        Assert.Contains("is not encrypted", Refused<WrongKeyException>(SampleFiles.WriteTiny().File, TestKeys.Key), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_both_headers_nothing_can_be_opened_and_with_one_everything_can()
    {
        byte[] file = SampleFiles.WriteTiny(encrypted: true).File;
        file[100] ^= 1;
        using (var repaired = Repaired.Of(file, encrypted: true))
        {
            Assert.True(repaired.Report.Complete);
        }

        file[Layout.HeaderCopyOffset + 100] ^= 1;
        Assert.Contains("salt", Refused<CorruptDataException>(file, TestKeys.Key), StringComparison.Ordinal);
    }

    [Fact]
    public void A_forged_header_does_not_hide_its_second_copy()
    {
        byte[] file = SampleFiles.WriteTiny(encrypted: true).File;
        byte[] plain = SampleFiles.WriteTiny().File;
        plain.AsSpan(0, Layout.HeaderSize).CopyTo(file);
        using var repaired = Repaired.Of(file, encrypted: true);
        Assert.True(repaired.Report.Complete);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Lost_directory_costs_no_page_and_lost_roots_cost_all(bool slotsToo)
    {
        (byte[] file, IReadOnlyList<ModelEpoch> epochs) = SampleFiles.WriteRich(lz4: true, encrypted: true);
        FileRoot root = WrittenHistory.RootOf(file);
        foreach (ReachableBlock block in ReachableBlocks.List(root).Where(block => block.Kind == BlockKind.MetaNode && !IsOfSessions(root, block)))
        {
            file[block.Offset + 20] ^= 1;
        }

        if (slotsToo)
        {
            file.AsSpan(4096, 1024).Clear();
            file.AsSpan(69632, 1024).Clear();
            Assert.Contains("Nothing", Refused<CorruptDataException>(file, TestKeys.Key), StringComparison.Ordinal);
            return;
        }

        using var repaired = Repaired.Of(file, encrypted: true);
        Assert.Equal((3, 0L), (repaired.Report.Epochs, repaired.Report.PagesLost));
        Assert.False(repaired.Report.Complete);
        repaired.AssertTrue(epochs);
    }

    [Fact]
    public void Lost_record_of_a_session_loses_what_it_sealed()
    {
        MemoryFile file = TwoSessions(out CheckpointWriter second);
        second.Dispose();
        byte[] bytes = file.ToArray();
        bytes[SessionRecordOf(bytes, 1)] ^= 1;
        using var repaired = Repaired.Of(bytes, encrypted: true);
        Assert.Equal([2L], repaired.Reader.Epochs().Select(info => info.Id.Value));
        Assert.Contains(repaired.Report.Lost, part => part.Part == "epoch directory");
        Assert.Contains(repaired.Report.Lost, part => part.Pages is not null && part.Reason.Contains("sum", StringComparison.Ordinal));
        Assert.Equal([new PfnRun(new Pfn(20), 1)], repaired.Lost.Select(lost => lost.Pages).Take(1));
        Assert.Equal(10, repaired.Report.PagesLost);
        AssertPages(repaired.Reader, 2, 0, 20, seed: 2);
    }

    [Fact]
    public void Damaged_session_table_leaves_what_the_root_before_knows()
    {
        // Not closed: closing would write the newest state into the other slot, too.
        MemoryFile file = TwoSessions(out CheckpointWriter second);
        byte[] bytes = file.ToArray();
        second.Dispose();
        bytes[WrittenHistory.RootOf(bytes).Slot.Sessions.Root.Offset + 40] ^= 1;
        using var repaired = Repaired.Of(bytes, encrypted: true);
        Assert.Equal([1L], repaired.Reader.Epochs().Select(info => info.Id.Value));
        Assert.False(repaired.Report.Complete);
        AssertPages(repaired.Reader, 1, 0, 30, seed: 1);
    }

    [Fact]
    public void Keystream_is_that_of_the_cipher()
    {
        byte[] key = HistoryPages.Random(1, 1)[..32];
        byte[] nonce = HistoryPages.Random(1, 2)[..SealedBlock.NonceSize];
        using var gcm = new AesGcm(key, SealedBlock.TagSize);
        using var aes = Aes.Create();
        aes.SetKey(key);
        foreach (int length in (int[])[1, 15, 16, 17, 1023, 1024, 1025, 5000, 65504])
        {
            byte[] plain = HistoryPages.Random(16, length)[..length];
            byte[] text = new byte[length];
            gcm.Encrypt(nonce, plain, text, new byte[SealedBlock.TagSize]);
            byte[] result = new byte[length];
            GcmKeystream.Xor(aes, nonce, text, result);
            Assert.Equal(plain, result);
        }
    }

    private static string Refused<T>(byte[] file, CheckpointKey? key)
        where T : PageStoreException => Assert.Throws<T>(() => CheckpointRepair.Salvage(
            new BytesStorage(file, file.Length), () => throw new InvalidOperationException("made"), new() { Key = key }, cancellationToken: TestContext.Current.CancellationToken)).Message;

    /// <summary>Epoch 1 of 30 pages by the first session, and 20 of them anew by the second, whose writer is still open.</summary>
    private static MemoryFile TwoSessions(out CheckpointWriter second)
    {
        var file = new MemoryFile();
        using (CheckpointWriter first = CheckpointWriter.Create(new MemoryStorage(file), TestKeys.Writer))
        {
            Commit(first, 0, 30, seed: 1);
        }

        second = CheckpointWriter.Open(new MemoryStorage(file), TestKeys.Writer);
        Commit(second, 0, 20, seed: 2);
        return file;
    }

    private static void Commit(CheckpointWriter writer, long pfn, int count, int seed)
    {
        using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest });
        epoch.WritePages(new Pfn(pfn), HistoryPages.Random(count, seed));
        epoch.Commit();
    }

    private static void AssertPages(CheckpointReader reader, long epoch, long pfn, int count, int seed)
    {
        byte[] pages = new byte[count * PageSizes.Default];
        reader.OpenEpoch(new EpochId(epoch)).ReadPages(new Pfn(pfn), pages);
        Assert.True(pages.AsSpan().SequenceEqual(HistoryPages.Random(count, seed)));
    }

    private static long SessionRecordOf(byte[] file, long session)
    {
        FileRoot root = WrittenHistory.RootOf(file);
        var cursor = new TreeCursor();
        cursor.Bind(root.Nodes.Blocks.Opener!.Sessions.Nodes, root.Slot.Sessions, TreeKind.SessionTable, 0);
        return cursor.Get(session).Offset;
    }

    /// <summary>Of a file of one session.</summary>
    private static bool IsOfSessions(FileRoot root, ReachableBlock block) => block.Entry.Kind == EntryKind.Record || block.Offset == root.Slot.Sessions.Root.Offset;
}
