using Xunit;

namespace PageStore.Checkpoint.Tests;

public sealed class EpochAccessesTests : IDisposable
{
    private const int Pages = 64;

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    /// <summary>1, 2, 3, and from 2 a branch with 4.</summary>
    [Fact]
    public void The_line_of_an_epoch_goes_back_to_the_first_which_is_left_out()
    {
        Write();
        using CheckpointReader reader = CheckpointReader.Open(_path);

        Assert.Equal([2L, 3], Line(reader, 3));
        Assert.Equal([2L, 4], Line(reader, 4));
        Assert.Empty(Line(reader, 1));
        Assert.Throws<KeyNotFoundException>(() => Line(reader, 5));
    }

    [Fact]
    public void A_line_ends_where_an_epoch_was_dropped()
    {
        Write();
        using (CheckpointWriter writer = CheckpointWriter.Open(_path))
        {
            writer.Prune(new PrunePolicy { KeepLast = 2 });
        }

        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Equal([3L, 4], reader.Epochs().Select(epoch => epoch.Id.Value));
        Assert.Empty(Line(reader, 3));
        Assert.Empty(Line(reader, 4));
    }

    [Fact]
    public void Sets_are_those_of_the_epoch()
    {
        Write();
        using CheckpointReader reader = CheckpointReader.Open(_path);
        using Epoch epoch = reader.OpenEpoch(new EpochId(3));
        using RecordedInterval interval = EpochAccesses.Read(epoch);
        using Epoch without = reader.OpenEpoch(new EpochId(2));
        using RecordedInterval unread = EpochAccesses.Read(without);

        Assert.Equal([new Pfn(3)], ToList(interval.Accesses.Written));
        Assert.Equal([new Pfn(30)], ToList(interval.Accesses.Read!));
        Assert.Null(unread.Accesses.Read);
    }

    private static List<Pfn> ToList(PageBitmap set)
    {
        List<Pfn> pages = [];
        foreach (Pfn page in set.SetBits())
        {
            pages.Add(page);
        }

        return pages;
    }

    private static IEnumerable<long> Line(CheckpointReader reader, long newest) => EpochAccesses.LeadingTo(reader, new EpochId(newest)).Select(epoch => epoch.Id.Value);

    private void Write()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        Commit(writer, null, 1, false);
        Commit(writer, 1, 2, false);
        Commit(writer, 2, 3, true);
        Commit(writer, 2, 4, true);
    }

    private static void Commit(CheckpointWriter writer, long? parent, int page, bool reads)
    {
        using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { PageCount = Pages, Parent = parent is { } id ? new EpochId(id) : null });
        byte[] content = new byte[4096];
        content.AsSpan().Fill((byte)page);
        content[0] = 0;
        epoch.WritePages(new Pfn(page), content);
        if (reads)
        {
            using var read = new PageBitmap(Pages);
            read.Set(new Pfn(page * 10));
            epoch.SetReadSet(read);
        }

        epoch.Commit();
    }
}
