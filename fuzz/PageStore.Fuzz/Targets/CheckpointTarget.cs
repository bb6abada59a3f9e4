using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>The reader of checkpoint files, over a sparse image: everything that it offers.</summary>
internal sealed class CheckpointTarget : IFuzzTarget
{
    private const int MaxEpochs = 16;

    /// <summary>Pages that are read of one epoch: enough for each path, and fast enough to try many inputs.</summary>
    private const int MaxPages = 64;

    private const int MaxRuns = 1024;

    /// <summary>
    /// A set takes one bit a page, which the caller of the reader accepts by asking for it; the target asks up to 1 TiB of guest.
    /// Verifying asks for nothing, and so has to stay within the limit whatever the page count.
    /// </summary>
    private const long MaxSetPages = 1L << 28;

    private const int MaxStateBytes = 1 << 20;

    private readonly byte[] _pages = new byte[4 * Layout.ChunkSize];
    private readonly byte[] _single = new byte[Layout.ChunkSize];

    public string Name => "checkpoint";

    public int MaxLength => 1 << 16;

    public void Run(ReadOnlySpan<byte> input)
    {
        using CheckpointReader reader = Open(SparseImage.Parse(input));
        Expected(() => ReadNewest(reader));
        Expected(() =>
        {
            foreach (EpochInfo info in reader.Epochs().Take(MaxEpochs))
            {
                CheckInfo(info);
                ReadEpoch(reader.OpenEpoch(info.Id));
            }
        });
        Verify(reader);
    }

    public IEnumerable<(string Name, byte[] Input)> Seeds() => CheckpointSeeds.All();

    public byte[] Mutate(byte[] input, byte[] other, Random random) => ImageMutator.Mutate(input, other, random, MaxLength);

    private static CheckpointReader Open(SparseImage image)
    {
        try
        {
            return CheckpointReader.Open(new ImageStorage(image));
        }
        catch (WrongKeyException)
        {
            return CheckpointReader.Open(new ImageStorage(image), new CheckpointReaderOptions { Key = ImageSeals.Key });
        }
    }

    /// <summary>One part being damaged must not keep the others from being tried.</summary>
    private static void Expected(Action part)
    {
        try
        {
            part();
        }
        catch (Exception expected) when (expected is CorruptDataException or UnsupportedException)
        {
            BrokenPromiseException.Unless(!string.IsNullOrEmpty(expected.Message), "an error says what is wrong");
        }
    }

    private static void ReadNewest(CheckpointReader reader)
    {
        try
        {
            BrokenPromiseException.Unless(reader.OpenNewest().Info.Id == reader.Newest, "the newest epoch is the one that is opened");
        }
        catch (KeyNotFoundException)
        {
            // The root names one that its directory does not have, or there is none.
        }
    }

    private static void CheckInfo(EpochInfo info)
    {
        BrokenPromiseException.Unless(info.PageCount is >= 0 and <= Pfn.MaxValue + 1, "a guest has at most 2^40 pages");
        foreach (long pages in (long[])[info.PagesWritten, info.PagesRead ?? 0, info.PagesAbsent, info.PagesZero, info.PagesRepeated, info.PagesConfigured])
        {
            BrokenPromiseException.Unless(pages >= 0 && pages <= info.PageCount, "no class has more pages than the guest");
        }

        BrokenPromiseException.Unless(info.States.Select(state => state.Name).Distinct().Count() == info.States.Count, "no name comes twice");
    }

    private void ReadEpoch(Epoch epoch)
    {
        Expected(() => ReadRuns(epoch, epoch.DataRuns()));
        Expected(() => ReadRuns(epoch, epoch.PresentRuns()));
        Expected(() => ReadPages(epoch, new Pfn(0)));
        if (epoch.PageCount <= MaxSetPages)
        {
            Expected(() => CheckSet(epoch.ReadWrittenSet(), epoch.Info.PagesWritten, epoch));
            Expected(() => CheckSet(epoch.ReadReadSet(), epoch.Info.PagesRead ?? 0, epoch));
        }

        foreach (StateInfo state in epoch.Info.States)
        {
            Expected(() => ReadState(epoch, state));
        }

        if (epoch.OpenPack() is { } pack)
        {
            ReadPack(epoch, pack);
        }
    }

    /// <summary>Some pages of a pack, and what a batch has of the same ones. They need not be equal: sums that are right say nothing of who wrote them.</summary>
    private void ReadPack(Epoch epoch, ResumePack pack)
    {
        int room = _pages.Length / epoch.PageSize;
        Span<byte> content = _pages.AsSpan(0, room * epoch.PageSize);
        var pages = new Pfn[room];
        var classes = new PageClass[room];
        List<DamagedPage> damaged = [];
        for (int total = 0, count; total < MaxPages && (count = pack.ReadNext(content, pages, classes, damaged)) > 0; total += count)
        {
            BrokenPromiseException.Unless(pages.AsSpan(0, count).IndexOfAnyExceptInRange(new Pfn(0), new Pfn(epoch.PageCount - 1)) < 0, "a pack has pages of the guest");
            for (int i = 0; i < count; i++)
            {
                ReadOnlySpan<byte> page = content.Slice(i * epoch.PageSize, epoch.PageSize);
                BrokenPromiseException.Unless(classes[i] >= PageClass.Repeated || !page.ContainsAnyExcept((byte)0), "absent and zero pages read as zeros");
            }

            BrokenPromiseException.Unless(damaged.Count == 0 || pack.Damage is not null, "damage of a pack is told");
            new ScatteredReader(epoch).Read(pages.AsSpan(0, count), content[..(count * epoch.PageSize)], classes.AsSpan(0, count), damaged);
        }

        BrokenPromiseException.Unless(pack.PagesReplaced <= pack.PageCount, "no more pages come from the epoch than the pack has");
    }

    private static void CheckSet(PageBitmap? set, long pages, Epoch epoch)
    {
        using (set)
        {
            BrokenPromiseException.Unless(set is null || (set.Length == epoch.PageCount && set.Count() == pages), "a set has the pages that the record says");
        }
    }

    private void ReadRuns(Epoch epoch, IEnumerable<PfnRun> runs)
    {
        Pfn end = new(0);
        int left = MaxPages;
        foreach (PfnRun run in runs.Take(MaxRuns))
        {
            BrokenPromiseException.Unless(run.Count > 0 && run.First.Value >= end.Value && run.End.Value <= epoch.PageCount, "runs ascend inside the guest");
            end = run.End;
            if (left-- > 0)
            {
                Expected(() => ReadPages(epoch, run.First));
            }
        }
    }

    /// <summary>Reads pages together and one by one, which must give the same.</summary>
    private void ReadPages(Epoch epoch, Pfn first)
    {
        int count = (int)Math.Min(_pages.Length / Layout.ChunkSize, epoch.PageCount - first.Value);
        Span<byte> together = _pages.AsSpan(0, count * epoch.PageSize);
        Span<GuestPageType> types = stackalloc GuestPageType[count];
        epoch.CopyPages(first, together, types);
        for (int i = 0; i < count; i++)
        {
            Span<byte> single = _single.AsSpan(0, epoch.PageSize);
            epoch.ReadPage(first + i, single);
            BrokenPromiseException.Unless(single.SequenceEqual(together.Slice(i * epoch.PageSize, epoch.PageSize)), "a page reads the same alone and with others");
            PageInfo info = epoch.GetPageInfo(first + i);
            BrokenPromiseException.Unless(info.Type == types[i], "a page has one type");
            BrokenPromiseException.Unless(info.Class >= PageClass.Repeated || !single.ContainsAnyExcept((byte)0), "absent and zero pages read as zeros");
        }
    }

    private void ReadState(Epoch epoch, StateInfo state)
    {
        using Stream stream = epoch.OpenState(state.Name);
        BrokenPromiseException.Unless(stream.Length == state.Length, "a section has the length that the record says");
        long total = 0;
        int read;
        while (total < MaxStateBytes && (read = stream.Read(_single, 0, _single.Length)) > 0)
        {
            total += read;
        }

        BrokenPromiseException.Unless(total == Math.Min(total, state.Length), "a section ends at its length");
        if (state.Length > 0)
        {
            stream.Position = state.Length - 1;
            BrokenPromiseException.Unless(stream.Read(_single, 0, 2) == 1, "the last byte is followed by none");
        }
    }

    private static void Verify(CheckpointReader reader)
    {
        try
        {
            VerifyReport report = reader.Verify();
            BrokenPromiseException.Unless(report.Ok == (report.Damage.Count == 0), "what is damaged is reported");
            BrokenPromiseException.Unless(!reader.VerifyDeep().Ok || report.Ok, "a deep check finds what a simple one does");
        }
        catch (CorruptDataException damage)
        {
            throw new BrokenPromiseException("damage is reported, not thrown, by Verify", damage);
        }
    }
}
