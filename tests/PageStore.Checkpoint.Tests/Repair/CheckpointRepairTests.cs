using System.Text.Json;
using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Repair against what the oracle knows of the file before it was damaged.</summary>
public sealed class CheckpointRepairTests
{
    [Property(MaxTest = 60, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Undamaged_file_becomes_an_equal_one_that_is_no_larger(History history, bool encrypted)
    {
        var written = WrittenHistory.Of(history with { Encrypted = encrypted });
        using var repaired = Repaired.Of(written.File, encrypted);
        Assert.True(repaired.Report.Complete, string.Join('\n', repaired.Report.Lost));
        Assert.Equal((written.Epochs.Count, 0L), (repaired.Report.Epochs, repaired.Report.PagesLost));
        ModelAssert.Matches(repaired.Reader, written.Epochs);
        Assert.Empty(repaired.Reader.VerifyDeep().Damage);

        // Each of the four classes has a segment that is filled only in part, and a pruned file was cut off behind other ones.
        Assert.InRange(repaired.File.Length, 0, written.File.Length + (5 * written.History.WriterOptions.SegmentSize));
    }

    [Property(MaxTest = 60, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Of_damaged_page_blocks_exactly_the_pages_that_they_hold_are_lost(History history, bool encrypted, int seed)
    {
        var written = WrittenHistory.Of(history with { Encrypted = encrypted });
        FileRoot intact = written.Root();
        ReachableBlock[] blocks = [.. ReachableBlocks.List(intact).Where(block => block.Kind == BlockKind.Page)];
        var random = new Random(seed);
        byte[] damaged = [.. written.File];
        for (int i = 0; i < 3 && blocks.Length > 0; i++)
        {
            ReachableBlock block = blocks[random.Next(blocks.Length)];
            damaged[block.Offset + random.Next(block.StoredBytes)] ^= (byte)(1 << random.Next(8));
        }

        using var repaired = Repaired.Of(damaged, encrypted);
        Assert.Equal(UnreadablePages(written, damaged), repaired.Lost.SelectMany(Pairs).Order());
        Assert.Equal(repaired.Lost.Sum(lost => lost.Pages.Count), repaired.Report.PagesLost);
        repaired.AssertTrue(written.Epochs);
    }

    [Property(MaxTest = 150, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Of_any_damage_every_page_is_right_or_lost_and_what_a_reader_reads_is_salvaged(History history, bool encrypted, int seed)
    {
        var written = WrittenHistory.Of(history with { Encrypted = encrypted });
        byte[] damaged = RandomDamage.Of(written.File, seed);
        Repaired repaired;
        try
        {
            repaired = Repaired.Of(damaged, encrypted);
        }
        catch (CorruptDataException)
        {
            Assert.Throws<CorruptDataException>(() => CheckpointReader.Open(new BytesStorage(damaged, damaged.Length), written.History.ReaderOptions));
            return;
        }

        using (repaired)
        {
            // Where the newest root is lost, epochs that it had dropped come back.
            repaired.AssertTrue(written.Ever);
            AssertHasWhatAReaderReads(repaired, damaged, written);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Lost_directories_and_tables_cost_no_page(bool slotsToo)
    {
        (byte[] file, IReadOnlyList<ModelEpoch> epochs) = SampleFiles.WriteRich(lz4: true);
        foreach (ReachableBlock block in ReachableBlocks.List(WrittenHistory.RootOf(file)).Where(block => block.Kind == BlockKind.MetaNode))
        {
            file[block.Offset + 20] ^= 1;
        }

        if (slotsToo)
        {
            file.AsSpan(4096, 1024).Clear();
            file.AsSpan(69632, 1024).Clear();
        }

        using var repaired = Repaired.Of(file);
        Assert.Equal((3, 0L), (repaired.Report.Epochs, repaired.Report.PagesLost));
        Assert.False(repaired.Report.Complete);
        repaired.AssertTrue(epochs);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Root_with_the_sequence_of_a_sound_one_does_not_hide_it(bool synced)
    {
        (byte[] file, IReadOnlyList<ModelEpoch> epochs) = SampleFiles.WriteRich(lz4: false);
        RootSlot sound = WrittenHistory.RootOf(file).Slot;
        // Of another run of the host, where it would not count, with a directory of nothing; or one that counts, with a directory that does not check. It stands where the search looks first.
        RootSlot forged = synced
            ? sound with { Directory = sound.Directory with { Root = sound.Directory.Root with { Sum = ~sound.Directory.Root.Sum } } }
            : sound with { HostRun = Guid.AllBitsSet, IsClosed = false, Directory = default, EpochCount = 0, NewestEpoch = default };
        for (int copy = 0; copy < Layout.SlotCopies; copy++)
        {
            forged.Write(file.AsSpan((int)Layout.SlotOffset(0, copy)), null);
            sound.Write(file.AsSpan((int)Layout.SlotOffset(1, copy)), null);
        }

        using var repaired = Repaired.Of(file, new RepairOptions { MaxScanBytes = 0 });
        Assert.Equal((3, 0L), (repaired.Report.Epochs, repaired.Report.PagesLost));
        repaired.AssertTrue(epochs);
    }

    [Fact]
    public void Lost_record_leaves_a_gap_and_its_children_keep_their_pages_and_their_parent()
    {
        (byte[] file, IReadOnlyList<ModelEpoch> epochs) = SampleFiles.WriteRich(lz4: false);
        file[ReachableBlocks.List(WrittenHistory.RootOf(file)).First(block => block.Kind == BlockKind.Record).Offset + 30] ^= 1;
        using var repaired = Repaired.Of(file);
        LostPart part = Assert.Single(repaired.Report.Lost);
        Assert.Equal((new EpochId(1), "record"), (part.Epoch, part.Part));
        Assert.Equal([2L, 3L], repaired.Reader.Epochs().Select(info => info.Id.Value));
        repaired.AssertTrue(epochs);

        // The two are linked by an entry for their lost parent, and share what they shared: no page of the third needs a block of its own.
        FileRoot root = WrittenHistory.RootOf(repaired.File);
        var directory = new TreeCursor();
        directory.Bind(root.Nodes, root.Slot.Directory, TreeKind.EpochDirectory, 0);
        Assert.Equal(Entry.DroppedOf(default), directory.Get(1));
        Assert.DoesNotContain(ReachableBlocks.List(root), block => block is { Kind: BlockKind.Page, Epoch.Value: 3, Pfn.Value: not (1 or 2 or 20) });
    }

    [Fact]
    public void Missing_epochs_link_their_children_to_the_nearest_ancestor_that_is_left()
    {
        var relations = new Relations(new Dictionary<EpochId, EpochId> { [new(5)] = new(3) });
        Assert.Null(relations.BaseFor(default, out IReadOnlyList<(EpochId Id, EpochId Parent)> links));
        relations.Add(new EpochId(2), links);
        Assert.Equal(new EpochId(2), relations.BaseFor(new EpochId(5), out links));

        // 5 was dropped, and its parent 3 is lost: of that one, the epoch before is taken for the parent.
        Assert.Equal([(new EpochId(3), new EpochId(2)), (new EpochId(5), new EpochId(3))], links);
        relations.Add(new EpochId(6), links);
        Assert.Equal(new EpochId(6), relations.BaseFor(new EpochId(5), out links));
        Assert.Equal([(new EpochId(5), new EpochId(3))], links);
        Assert.Equal(new EpochId(6), relations.BaseFor(new EpochId(6), out links));
        Assert.Empty(links);
    }

    [Fact]
    public void Lost_node_loses_its_range_in_the_epochs_that_reach_it_alone()
    {
        // Two leaves of the page table; the second epoch writes the first one anew.
        var history = new History
        {
            Epochs =
            [
                new EpochPlan { PageCount = 128, Steps = [new PageStep(0, 60, Filling.Random, default, 1), new PageStep(64, 60, Filling.Random, default, 2)] },
                new EpochPlan { Parent = -1, Steps = [new PageStep(0, 40, Filling.Random, default, 3)] },
                new EpochPlan { Parent = -1, Steps = [new PageStep(70, 1, Filling.Random, default, 4)] },
            ],
        };
        var written = WrittenHistory.Of(history);
        ReachableBlock node = ReachableBlocks.List(written.Root()).First(block => block is { Kind: BlockKind.Node, Epoch.Value: 1, Pfn.Value: 0, StoredBytes: 992 });
        written.File[node.Offset + 100] ^= 4;
        using var repaired = Repaired.Of(written.File);
        Assert.Equal([(1, new PfnRun(new Pfn(0), 64))], repaired.Lost);
        repaired.AssertTrue(written.Epochs);
        using JsonDocument section = JsonDocument.Parse(repaired.Reader.OpenEpoch(new EpochId(1)).OpenState("pagestore-repair"));
        Assert.Equal("[[0,64]]", section.RootElement.GetProperty("runs").GetRawText());
        Assert.Equal(64, section.RootElement.GetProperty("pagesLost").GetInt64());
    }

    [Fact]
    public void Pages_behind_the_end_of_a_parent_are_those_of_a_larger_child()
    {
        // The table of epoch 1 comes to hold pages behind its end, as no writer leaves it. They are inside epoch 2, which shares them.
        var history = new History
        {
            Epochs =
            [
                new EpochPlan
                {
                    PageCount = 4096,
                    Steps = [new PageStep(0, 3, Filling.Random, default, 1), new PageStep(120, 60, Filling.Random, default, 2), new PageStep(192, 128, Filling.Zero, default, 3)],
                },
                new EpochPlan { Parent = -1, Steps = [new PageStep(1, 1, Filling.Random, default, 4)] },
            ],
        };
        var written = WrittenHistory.Of(history);
        var forged = new ForgedFile(written.File);
        long first = written.Root().TryReadRecord(new EpochId(1))!.Offset;
        forged.SetWord(first + 32, 100);
        forged.SetWord(first + 128, 3);
        forged.SetWord(first + 144, 97);
        forged.SetWord(first + 152, 0);
        forged.SetWord(first + 168, 3);
        forged.Repair();
        using var repaired = Repaired.Of(forged.ToFile());
        using CheckpointReader reader = forged.Open();
        Epoch before = reader.OpenEpoch(new EpochId(2));
        Epoch after = repaired.Reader.OpenEpoch(new EpochId(2));
        Assert.Equal(100, repaired.Reader.OpenEpoch(new EpochId(1)).PageCount);
        Assert.Equal(before.PresentRuns(), after.PresentRuns());
        using EpochComparison comparison = before.CompareWith(after, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(comparison.SameContent);
        Assert.Empty(repaired.Reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void Length_that_a_file_only_claims_costs_no_look_at_each_segment()
    {
        // Directory and segment table cannot be read, and the file goes on for 64 TiB of nothing.
        var forged = new ForgedFile("seed-history") { Length = 1L << 46 };
        forged.SetWord(forged.Entry(forged.Slot + 72).Offset, 0);
        forged.SetWord(forged.Entry(forged.Slot + 96).Offset, 0);
        var target = new MemoryFile();
        using var damaged = new CountedLooks(forged.Storage, limit: 10_000);
        RepairReport report = CheckpointRepair.Salvage(damaged, () => new MemoryStorage(target), new(), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(5, report.Epochs);
    }

    [Fact]
    public void Lost_state_section_is_named_and_the_others_stay()
    {
        (byte[] file, IReadOnlyList<ModelEpoch> epochs) = SampleFiles.WriteRich(lz4: false);
        ReachableBlock chunk = ReachableBlocks.List(WrittenHistory.RootOf(file)).First(block => block.Kind == BlockKind.Chunk && block.UnpaddedBytes == 300);
        file[chunk.Offset] ^= 1;
        using var repaired = Repaired.Of(file);
        Assert.Contains("device/0", Assert.Single(repaired.Report.Lost).Part, StringComparison.Ordinal);
        Assert.Equal(["device/1", "device/2", "pagestore-repair"], repaired.Reader.OpenEpoch(new EpochId(1)).Info.States.Select(state => state.Name));
        repaired.AssertTrue(epochs);
    }

    [Fact]
    public void Truncated_file_gives_what_lies_below_its_end()
    {
        (byte[] file, IReadOnlyList<ModelEpoch> epochs) = SampleFiles.WriteRich(lz4: true);
        long record = ReachableBlocks.List(WrittenHistory.RootOf(file)).First(block => block is { Kind: BlockKind.Record, Epoch.Value: 2 }).Offset;
        using var repaired = Repaired.Of(file[..(int)record]);
        Assert.Equal(1, repaired.Report.Epochs);
        Assert.False(repaired.Report.Complete);
        repaired.AssertTrue(epochs);
    }

    [Fact]
    public void File_without_a_header_is_refused_unless_its_sizes_are_given()
    {
        (byte[] file, IReadOnlyList<ModelEpoch> epochs) = SampleFiles.WriteRich(lz4: true);
        file[3] ^= 1;
        file[65536 + 3] ^= 1;
        Assert.Contains("page size", Assert.Throws<CorruptDataException>(() => Repaired.Of(file)).Message, StringComparison.Ordinal);
        using var repaired = Repaired.Of(file, new RepairOptions { PageSize = 4096, SegmentSize = 65536 });
        Assert.Equal((3, 0L), (repaired.Report.Epochs, repaired.Report.LostParts));
        repaired.AssertTrue(epochs);
    }

    [Fact]
    public void Table_that_claims_more_zero_pages_than_allowed_loses_its_epoch_only()
    {
        var history = new History { Epochs = [new EpochPlan { PageCount = 4096, Steps = [new PageStep(64, 64, Filling.Zero, default, 1)] }, new EpochPlan { Parent = 1, PageCount = 3 }] };
        using var repaired = Repaired.Of(WrittenHistory.Of(history).File, new RepairOptions { MaxUniformPages = 63 });
        Assert.Equal("epoch", Assert.Single(repaired.Report.Lost).Part);
        Assert.Equal([2L], repaired.Reader.Epochs().Select(info => info.Id.Value));
    }

    [Fact]
    public void File_with_nothing_left_is_refused_before_a_new_one_is_made()
    {
        byte[] file = SampleFiles.WriteTiny().File;
        file.AsSpan(4096, 1024).Clear();
        file.AsSpan((int)Layout.SegmentsOffset).Clear();
        file.AsSpan(69632, 1024).Clear();
        Assert.Throws<CorruptDataException>(() => CheckpointRepair.Salvage(
            new BytesStorage(file, file.Length), () => throw new InvalidOperationException("made"), new(), cancellationToken: TestContext.Current.CancellationToken));
    }

    private static IEnumerable<(long Epoch, long Pfn)> Pairs((long Epoch, PfnRun Pages) lost) =>
        Enumerable.Range(0, (int)lost.Pages.Count).Select(i => (lost.Epoch, lost.Pages.First.Value + i));

    /// <summary>The pages whose entries, taken from the intact file, cannot be read in the damaged one.</summary>
    private static IEnumerable<(long Epoch, long Pfn)> UnreadablePages(WrittenHistory written, byte[] damaged)
    {
        FileRoot intact = written.Root();
        BlockReader blocks = new FileRoot(new BytesStorage(damaged, damaged.Length), intact.Header, intact.Slot, intact.SlotIndex).Nodes.Blocks;
        byte[] page = new byte[intact.Header.PageSize];
        List<(long Epoch, long Pfn)> unreadable = [];
        foreach (ModelEpoch model in written.Epochs)
        {
            TreeCursor cursor = new Epoch(intact, intact.TryReadRecord(new EpochId(model.Id))!).BindCursor(default);
            foreach (long pfn in model.Pages.Keys)
            {
                try
                {
                    blocks.ReadContent(cursor.Get(pfn), page, pfn);
                }
                catch (CorruptDataException)
                {
                    unreadable.Add((model.Id, pfn));
                }
            }
        }

        return unreadable.Order();
    }

    private static void AssertHasWhatAReaderReads(Repaired repaired, byte[] damaged, WrittenHistory written)
    {
        try
        {
            using var reader = CheckpointReader.Open(new BytesStorage(damaged, damaged.Length), written.History.ReaderOptions);
            foreach (ModelEpoch model in written.Epochs)
            {
                AssertHas(repaired, reader, model);
            }
        }
        catch (CorruptDataException)
        {
            // No root that a reader takes.
        }
    }

    private static void AssertHas(Repaired repaired, CheckpointReader reader, ModelEpoch model)
    {
        byte[] page = new byte[reader.PageSize];
        foreach (long pfn in model.Pages.Keys)
        {
            bool readable;
            try
            {
                Epoch epoch = reader.OpenEpoch(new EpochId(model.Id));
                epoch.ReadPage(new Pfn(pfn), page);
                readable = true;
            }
            catch (Exception damage) when (damage is CorruptDataException or KeyNotFoundException)
            {
                readable = false;
            }

            Assert.False(readable && repaired.IsLost(model.Id, pfn), $"epoch {model.Id}, page {pfn} can be read and is lost");
            Assert.True(!readable || repaired.Reader.Epochs().Any(info => info.Id.Value == model.Id), $"epoch {model.Id} can be read and is lost");
        }
    }
}
