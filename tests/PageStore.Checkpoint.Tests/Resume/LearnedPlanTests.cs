using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What resumed guests demanded, and plans that learn from it.</summary>
public sealed class LearnedPlanTests : IDisposable
{
    private const int Pages = 64;

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_plan_has_what_the_budget_allows_of_what_the_last_intervals_touched()
    {
        Write();
        using CheckpointReader reader = CheckpointReader.Open(_path);

        Assert.Equal([3, 30], Make(reader, 3, budget: 1));
        Assert.Equal([2, 3, 20, 30], Make(reader, 3, budget: 2));
        Assert.Empty(Make(reader, 3, budget: 0));
    }

    [Fact]
    public void What_an_earlier_resume_demanded_is_planned_and_what_it_loaded_is_not()
    {
        Write();
        using CheckpointReader reader = CheckpointReader.Open(_path);
        using ResumeRecord here = Record(reader.FileId, 3);
        using ResumeRecord elsewhere = Record(reader.FileId, 1);
        using ResumeRecord ofAnother = Record(Guid.NewGuid(), 3);

        Assert.Equal([40, 41], Make(reader, 3, budget: 1, here));
        Assert.Equal([3, 30, 40, 41], Make(reader, 3, budget: 2, here));
        Assert.Equal([3, 30], Make(reader, 3, budget: 1, elsewhere, ofAnother));
    }

    [Fact]
    public void A_record_is_saved_and_loaded()
    {
        using ResumeRecord record = Record(Guid.NewGuid(), 3);
        var stream = new MemoryStream();
        record.Save(stream);
        using ResumeRecord loaded = ResumeRecord.Load(new MemoryStream(stream.ToArray()));

        Assert.Equal((record.FileId, record.Epoch), (loaded.FileId, loaded.Epoch));
        Assert.True(record.Demanded.SetEquals(loaded.Demanded));
        Assert.True(record.Loaded.SetEquals(loaded.Loaded));
    }

    [Theory]
    [InlineData("")]
    [InlineData("""{"format":"vmtrace/1","page_size":4096,"pages":10}""")]
    [InlineData("{\"format\":\"vmtrace/1\",\"page_size\":4096,\"pages\":10}\n{\"written\":[],\"read\":[]}")]
    [InlineData("{\"format\":\"vmtrace/1\",\"page_size\":4096,\"pages\":10,\"file\":\"a8098c1a-f86e-11da-bd1a-00112444be1e\",\"epoch\":1}")]
    [InlineData("{\"format\":\"vmtrace/1\",\"page_size\":4096,\"pages\":10,\"file\":\"a8098c1a-f86e-11da-bd1a-00112444be1e\",\"epoch\":1}\n{\"written\":[],\"read\":[]}")]
    public void What_is_no_record_is_refused(string text) =>
        Assert.Throws<CorruptDataException>(() => ResumeRecord.Load(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text))));

    private static ResumeRecord Record(Guid file, long epoch)
    {
        var demanded = new PageBitmap(Pages);
        demanded.SetRange(new Pfn(40), 2);
        var loaded = new PageBitmap(Pages);
        loaded.SetRange(new Pfn(50), 5);
        return new ResumeRecord(file, new EpochId(epoch), PageSizes.Default, demanded, loaded);
    }

    private static long[] Make(CheckpointReader reader, long id, double budget, params ResumeRecord[] learn)
    {
        using Epoch epoch = reader.OpenEpoch(new EpochId(id));
        using var policy = new PredictivePolicy();
        ResumePlan plan = EpochPlans.Make(reader, epoch, policy, budget, learn, TestContext.Current.CancellationToken);
        Assert.Equal(epoch.Info.Id, plan.Epoch);
        return [.. plan.Pages.ToArray().Select(page => page.Value).Order()];
    }

    /// <summary>Three epochs: the second wrote page 2 and read page 20, the third 3 and 30.</summary>
    private void Write()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        byte[] page = new byte[PageSizes.Default];
        for (int epoch = 1; epoch <= 3; epoch++)
        {
            using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = epoch == 1 ? null : new EpochId(epoch - 1), PageCount = Pages });
            page.AsSpan().Fill((byte)epoch);
            builder.WritePages(new Pfn(epoch), page);
            using var read = new PageBitmap(Pages);
            read.Set(new Pfn(10 * epoch));
            builder.SetReadSet(read);
            builder.Commit();
        }
    }
}
