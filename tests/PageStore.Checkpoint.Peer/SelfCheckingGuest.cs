namespace PageStore.Checkpoint.Peer;

/// <summary>
/// A guest whose every page of every epoch follows from the epoch's number alone, so that whoever opens the file can tell what it
/// must hold, without a word from who wrote it. Each epoch is the child of the one before.
/// </summary>
public static class SelfCheckingGuest
{
    public const int PageCount = 192;
    private const int PageSize = 4096;
    private const int MaxRuns = 6;
    private const int MaxRun = 5;

    /// <summary>Writes the pages of an epoch and commits it.</summary>
    public static void Commit(CheckpointWriter writer)
    {
        using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest, PageCount = PageCount });
        foreach ((int first, int count) in RunsOf(builder.Id.Value))
        {
            byte[] pages = new byte[count * PageSize];
            for (int i = 0; i < count; i++)
            {
                Fill(first + i, builder.Id.Value, pages.AsSpan(i * PageSize, PageSize));
            }

            builder.WritePages(new Pfn(first), pages);
        }

        builder.Commit();
    }

    /// <summary>Compares each page of an epoch with what it must be.</summary>
    /// <exception cref="InvalidDataException">It is not.</exception>
    public static void Check(Epoch epoch)
    {
        byte[] image = new byte[PageCount * PageSize];
        epoch.ReadPages(new Pfn(0), image);
        byte[] expected = new byte[PageSize];
        long[] writers = LastWriters(epoch.Info.Id.Value);
        for (int pfn = 0; pfn < PageCount; pfn++)
        {
            expected.AsSpan().Clear();
            if (writers[pfn] != 0)
            {
                Fill(pfn, writers[pfn], expected);
            }

            if (!image.AsSpan(pfn * PageSize, PageSize).SequenceEqual(expected))
            {
                throw new InvalidDataException($"Page {pfn} of epoch {epoch.Info.Id} is not what epoch {writers[pfn]} wrote.");
            }
        }
    }

    /// <summary>Which epoch wrote each page last, up to one of them; 0 where none did.</summary>
    private static long[] LastWriters(long epoch)
    {
        long[] writers = new long[PageCount];
        int missing = PageCount;
        for (long id = epoch; id > 0 && missing > 0; id--)
        {
            foreach ((int first, int count) in RunsOf(id))
            {
                for (int pfn = first; pfn < first + count; pfn++)
                {
                    missing -= writers[pfn] == 0 ? 1 : 0;
                    writers[pfn] = writers[pfn] == 0 ? id : writers[pfn];
                }
            }
        }

        return writers;
    }

    private static IEnumerable<(int First, int Count)> RunsOf(long epoch)
    {
        var random = new Random((int)epoch);
        int runs = random.Next(1, MaxRuns + 1);
        for (int i = 0; i < runs; i++)
        {
            int count = random.Next(1, MaxRun + 1);
            yield return (random.Next(PageCount - count), count);
        }
    }

    /// <summary>Pages of each class: zero, a word, half empty, full.</summary>
    private static void Fill(int pfn, long epoch, Span<byte> page)
    {
        var random = new Random(unchecked((int)((epoch * PageCount) + pfn)));
        page.Clear();
        switch (random.Next(6))
        {
            case 0:
                break;
            case 1:
                System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(page).Fill(epoch);
                break;
            case 2 or 3:
                random.NextBytes(page[..random.Next(1, PageSize / 2)]);
                break;
            default:
                random.NextBytes(page);
                break;
        }
    }
}
