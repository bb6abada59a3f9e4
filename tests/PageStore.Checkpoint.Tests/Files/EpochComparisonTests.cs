using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>The comparison of epochs against one of dictionaries of pages.</summary>
public sealed class EpochComparisonTests
{
    /// <summary>Pages of larger guests are set in slabs of megabytes each; the oracle would be right, and slow.</summary>
    private const long MaxPages = 1 << 24;

    [Property(MaxTest = 60, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Epochs_of_one_file_compare_as_the_oracle_says(History history, bool encrypted)
    {
        var written = WrittenHistory.Of(history with { Encrypted = encrypted });
        using CheckpointReader reader = Open(written.File);
        foreach (ModelEpoch first in written.Epochs)
        {
            foreach (ModelEpoch second in written.Epochs)
            {
                AssertCompares(reader, first, reader, second);
            }
        }
    }

    [Property(MaxTest = 60, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Epochs_of_two_files_compare_as_the_oracle_says(History history, bool otherCodec, bool oneEncrypted, bool twoEncrypted)
    {
        var one = WrittenHistory.Of(history with { Encrypted = oneEncrypted });
        var two = WrittenHistory.Of(history with { Encrypted = twoEncrypted, Lz4 = history.Lz4 != otherCodec, SegmentSize = 1 << 18 });
        using CheckpointReader firstReader = Open(one.File);
        using CheckpointReader secondReader = Open(two.File);
        foreach (ModelEpoch first in one.Epochs)
        {
            foreach (ModelEpoch second in two.Epochs)
            {
                AssertCompares(firstReader, first, secondReader, second);
            }
        }
    }

    [Fact]
    public void Equal_sums_of_different_bytes_are_a_difference_within_one_file_and_across_two()
    {
        (byte[] one, byte[] two) = EqualSums.TwoPages();
        Assert.Equal(ContentSum.Of(one), ContentSum.Of(two));
        var file = new MemoryFile();
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions()))
        {
            foreach (byte[] page in (byte[][])[one, two])
            {
                using EpochBuilder builder = writer.BeginEpoch();
                builder.WritePages(new Pfn(0), [.. page, .. one]);
                builder.Commit();
            }
        }

        using CheckpointReader reader = Open(file.ToArray());
        using CheckpointReader copy = Open(file.ToArray());
        foreach (CheckpointReader other in (CheckpointReader[])[reader, copy])
        {
            using EpochComparison comparison = reader.OpenEpoch(new EpochId(1)).CompareWith(other.OpenEpoch(new EpochId(2)), cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal((2, 1), (comparison.PagesCompared, comparison.PagesDiffer));
            Assert.Equal([0], PagesOf(comparison.DifferingPages));
        }
    }

    [Fact]
    public void Within_one_file_only_what_differs_is_read()
    {
        var history = new History
        {
            SegmentSize = 1 << 20,
            Epochs =
            [
                new EpochPlan { PageCount = 5000, Steps = [.. Enumerable.Range(0, 50).Select(i => new PageStep(i * 100, 90, Filling.Compressible, default, i))] },
                new EpochPlan { Parent = 0, Steps = [new PageStep(777, 2, Filling.Random, default, 99)] },
            ],
        };
        byte[] file = WrittenHistory.Of(history).File;
        bool[] touched = new bool[file.Length];
        using var reader = CheckpointReader.Open(new BytesStorage(file, file.Length, touched));
        Epoch first = reader.OpenEpoch(new EpochId(1));
        Epoch second = reader.OpenEpoch(new EpochId(2));
        Array.Clear(touched);
        using EpochComparison comparison = first.CompareWith(second, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((4500, 2), (comparison.PagesCompared, comparison.PagesDiffer));

        // Three nodes on the way in each version, with their bases.
        Assert.InRange(touched.Count(touch => touch), 1, 8 * NodeFormat.MaxSize);
    }

    [Fact]
    public void Pages_of_different_sizes_are_refused()
    {
        History history = new() { Epochs = [new EpochPlan { PageCount = 1 }] };
        using CheckpointReader small = Open(WrittenHistory.Of(history).File);
        using CheckpointReader large = Open(WrittenHistory.Of(history with { PageSize = 8192 }).File);
        Assert.Contains("8192", Assert.Throws<ArgumentException>(() => small.OpenNewest().CompareWith(large.OpenNewest(), cancellationToken: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    private static void AssertCompares(CheckpointReader firstReader, ModelEpoch first, CheckpointReader secondReader, ModelEpoch second)
    {
        if (Math.Max(first.PageCount, second.PageCount) > MaxPages)
        {
            return;
        }

        using EpochComparison comparison = firstReader.OpenEpoch(new EpochId(first.Id)).CompareWith(secondReader.OpenEpoch(new EpochId(second.Id)));
        long[] keys = [.. first.Pages.Keys.Union(second.Pages.Keys).Order()];
        long[] differ = [.. keys.Where(pfn => Has(first, pfn) && Has(second, pfn) && !first.Pages[pfn].Content.AsSpan().SequenceEqual(second.Pages[pfn].Content))];
        Assert.Equal(differ, PagesOf(comparison.DifferingPages));
        Assert.Equal(differ.Length, comparison.PagesDiffer);
        Assert.Equal(keys.Count(pfn => Has(first, pfn) && Has(second, pfn)), comparison.PagesCompared);
        Assert.Equal(keys.Count(pfn => Has(first, pfn) && !Has(second, pfn)), comparison.OnlyInFirst);
        Assert.Equal(keys.Count(pfn => !Has(first, pfn) && Has(second, pfn)), comparison.OnlyInSecond);
        Assert.Equal(keys.Count(pfn => Has(first, pfn) == Has(second, pfn) && TypeOf(first, pfn) != TypeOf(second, pfn)), comparison.TypesDiffer);
        Assert.Equal(differ.Length == 0 && comparison.OnlyInFirst + comparison.OnlyInSecond == 0, comparison.SameContent);
        Assert.Equal(Math.Max(first.PageCount, second.PageCount), comparison.DifferingPages.Length);
    }

    private static bool Has(ModelEpoch epoch, long pfn) => epoch.PageOf(pfn) is { Class: not PageClass.Absent };

    private static GuestPageType TypeOf(ModelEpoch epoch, long pfn) => epoch.PageOf(pfn)?.Type ?? GuestPageType.Absent;

    private static List<long> PagesOf(PageBitmap set)
    {
        List<long> pages = [];
        foreach (Pfn pfn in set.SetBits())
        {
            pages.Add(pfn.Value);
        }

        return pages;
    }

    private static CheckpointReader Open(byte[] file) => CheckpointReader.Open(new BytesStorage(file, file.Length), new CheckpointReaderOptions { Key = TestKeys.Of(file) });
}
