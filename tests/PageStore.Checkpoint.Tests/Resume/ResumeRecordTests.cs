using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>A predictor learns what a guest demanded and wrote, and not what was loaded for it; a guest may have grown since.</summary>
public sealed class ResumeRecordTests
{
    [Property(MaxTest = 200)]
    public void An_interval_behind_a_resume_counts_what_was_demanded_and_not_what_was_loaded(int seed, bool knowsReads, byte grown)
    {
        const int PageCount = 200;
        var random = new Random(seed);
        int all = PageCount + grown;
        HashSet<int> demanded = Some(random, PageCount);
        HashSet<int> loaded = [.. Some(random, PageCount).Except(demanded)];
        HashSet<int> written = Some(random, all);
        HashSet<int> read = [.. Some(random, all).Except(written)];
        using var record = new ResumeRecord(Guid.Empty, new EpochId(1), PageSizes.Default, BitmapOf(demanded, PageCount), BitmapOf(loaded, PageCount));
        using PageBitmap w = BitmapOf(written, all);
        using PageBitmap r = BitmapOf(read, all);
        using var accessed = new PageBitmap(all);
        record.Amend(new AccessInterval(w, knowsReads ? r : null)).AddAccessed(accessed);

        HashSet<int> expected = [.. written, .. demanded, .. knowsReads ? read.Except(loaded) : []];
        Assert.All(Enumerable.Range(0, all), page => Assert.Equal(expected.Contains(page), accessed.Contains(new Pfn(page))));
    }

    [Fact]
    public void An_interval_of_a_smaller_guest_is_refused()
    {
        using var record = new ResumeRecord(Guid.Empty, new EpochId(1), PageSizes.Default, new PageBitmap(10), new PageBitmap(10));
        using var written = new PageBitmap(9);

        Assert.Throws<ArgumentException>(() => record.Amend(new AccessInterval(written, null)));
    }

    private static HashSet<int> Some(Random random, int count) => [.. Enumerable.Range(0, count).Where(_ => random.Next(3) == 0)];

    private static PageBitmap BitmapOf(HashSet<int> pages, int length)
    {
        var bitmap = new PageBitmap(length);
        foreach (int page in pages)
        {
            bitmap.Set(new Pfn(page));
        }

        return bitmap;
    }
}
