using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// Everything that a reader can read of a file, part by part as sums; a part that is reported as corrupt is null. Any exception but the two
/// that a damaged file may cause goes through.
/// </summary>
internal sealed class Reading
{
    /// <summary>Pages that are read at once.</summary>
    private const int Batch = 8;

    private readonly Dictionary<Part, ContentSum?> _parts = [];

    private enum PartKind
    {
        File, List, Info, Pages, Written, Read, Runs, State,
    }

    /// <summary>Whether the file opened at all.</summary>
    public bool Opened { get; private set; }

    public VerifyReport? Verified { get; private set; }

    public bool Complete => Opened && !_parts.ContainsValue(null);

    public static Reading Of(IStorage storage, CheckpointKey? key = null)
    {
        var reading = new Reading();
        try
        {
            using CheckpointReader reader = CheckpointReader.Open(storage, new CheckpointReaderOptions { Key = key });
            reading.Opened = true;
            reading.ReadAll(reader);
            reading.Verified = reader.Verify();
        }
        catch (CorruptDataException)
        {
        }

        return reading;
    }

    /// <summary>Fails unless each part is either what it is in the undamaged file or reported, and Verify says so too.</summary>
    public void AssertSubsetOf(Reading whole, string damage)
    {
        foreach ((Part name, ContentSum? content) in _parts)
        {
            if (content is not null && content != whole._parts.GetValueOrDefault(name))
            {
                Assert.Fail($"{damage}: {name} reads wrong");
            }
        }

        // The other way round it may be: only Verify looks at the segment table.
        if (Opened && !Complete && Verified?.Ok != false)
        {
            Assert.Fail($"{damage}: reading is not complete, and Verify does not say so");
        }

        if (Complete && _parts.Count != whole._parts.Count)
        {
            Assert.Fail($"{damage}: parts are missing");
        }
    }

    private void ReadAll(CheckpointReader reader)
    {
        Read(new Part(PartKind.File), () => Pack(writer =>
        {
            writer.Write(reader.FileId.ToByteArray());
            writer.Write(reader.PageSize);
            writer.Write(reader.EpochCount);
            writer.Write(reader.Newest?.Value ?? 0);
        }));
        Read(new Part(PartKind.List), () => Pack(writer => WriteAll(writer, reader.Epochs().Select(info => info.Id.Value))));
        for (long id = 1; id <= reader.Newest?.Value; id++)
        {
            Epoch? epoch = null;
            var epochId = new EpochId(id);
            Read(new Part(PartKind.Info, id), () => Describe((epoch = reader.OpenEpoch(epochId)).Info));
            if (epoch is not null)
            {
                ReadEpoch(epoch, id);
            }
        }
    }

    private void ReadEpoch(Epoch epoch, long id)
    {
        byte[] pages = new byte[Batch * epoch.PageSize];
        var types = new GuestPageType[Batch];
        for (long first = 0; first < epoch.PageCount; first += Batch)
        {
            var pfn = new Pfn(first);
            int count = (int)Math.Min(Batch, epoch.PageCount - first);
            Read(new Part(PartKind.Pages, id, first), () => ReadPages(epoch, pfn, pages.AsSpan(0, count * epoch.PageSize), types.AsSpan(0, count)));
        }

        Read(new Part(PartKind.Written, id), () => Describe(epoch.ReadWrittenSet()));
        Read(new Part(PartKind.Read, id), () => Describe(epoch.ReadReadSet()));
        Read(new Part(PartKind.Runs, id), () => Pack(writer => WriteAll(writer, epoch.DataRuns().Concat(epoch.PresentRuns()).SelectMany(run => new[] { run.First.Value, run.Count }))));
        for (int i = 0; i < epoch.Info.States.Count; i++)
        {
            StateInfo state = epoch.Info.States[i];
            Read(new Part(PartKind.State, id, i), () => ReadState(epoch, state));
        }
    }

    private static ContentSum ReadPages(Epoch epoch, Pfn first, Span<byte> pages, Span<GuestPageType> types)
    {
        pages.Fill(0xEE);
        try
        {
            epoch.CopyPages(first, pages, types);
        }
        catch (CorruptDataException damage)
        {
            Assert.Equal(epoch.Info.Id, damage.Epoch);
            Assert.NotNull(damage.Offset);
            Assert.InRange(damage.Pfn!.Value.Value, first.Value, first.Value + types.Length - 1);
            Assert.False(pages.ContainsAnyExcept((byte)0), "the destination is not zeroed");
            throw;
        }

        ContentSum sum = ContentSum.Of(pages);
        return new ContentSum(sum.Value ^ ContentSum.Of(System.Runtime.InteropServices.MemoryMarshal.AsBytes(types)).Value);
    }

    private static ContentSum ReadState(Epoch epoch, StateInfo state)
    {
        using Stream stream = epoch.OpenState(state.Name);
        byte[] content = new byte[state.Length];
        stream.ReadExactly(content);
        return ContentSum.Of(content);
    }

    private static ContentSum Describe(EpochInfo info) => Pack(writer =>
    {
        WriteAll(writer,
        [
            info.Id.Value, info.Parent?.Value ?? 0, info.Time.UtcTicks, info.PageCount, info.PagesWritten, info.PagesRead ?? -1, info.PagesAbsent,
            info.PagesZero, info.PagesRepeated, info.Bytes, (long)info.Consistency,
        ]);
        writer.Write(info.Label ?? "");
        writer.Write(info.GuestId.ToByteArray());
        writer.Write(info.BootInstance.ToByteArray());
        foreach (StateInfo state in info.States)
        {
            writer.Write(state.Name);
            writer.Write(state.Length);
        }
    });

    private static ContentSum Describe(PageBitmap? set) => Pack(writer =>
    {
        using (set)
        {
            writer.Write(set?.Length ?? -1);
            if (set is not null)
            {
                foreach (PfnRun run in set.Runs())
                {
                    writer.Write(run.First.Value);
                    writer.Write(run.Count);
                }
            }
        }
    });

    private static ContentSum Pack(Action<BinaryWriter> write)
    {
        var stream = new MemoryStream();
        write(new BinaryWriter(stream));
        return ContentSum.Of(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static void WriteAll(BinaryWriter writer, IEnumerable<long> numbers)
    {
        foreach (long number in numbers)
        {
            writer.Write(number);
        }
    }

    private void Read(Part name, Func<ContentSum> read)
    {
        try
        {
            _parts[name] = read();
        }
        catch (CorruptDataException)
        {
            _parts[name] = null;
        }
    }

    private readonly record struct Part(PartKind Kind, long Epoch = 0, long At = 0);
}
