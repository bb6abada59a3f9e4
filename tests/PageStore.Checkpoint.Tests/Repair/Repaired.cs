using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>A file that was repaired in memory, and what the report says.</summary>
internal sealed class Repaired : IDisposable
{
    private Repaired(byte[] file, RepairReport report)
    {
        File = file;
        Report = report;
        Reader = CheckpointReader.Open(new BytesStorage(file, file.Length), new CheckpointReaderOptions { Key = TestKeys.Of(file) });
        foreach (LostPart part in report.Lost.Where(part => part.Pages is not null))
        {
            Lost.Add((part.Epoch!.Value.Value, part.Pages!.Value));
        }
    }

    public byte[] File { get; }

    public RepairReport Report { get; }

    public CheckpointReader Reader { get; }

    public List<(long Epoch, PfnRun Pages)> Lost { get; } = [];

    public static Repaired Of(byte[] damaged, RepairOptions? options = null)
    {
        var target = new MemoryFile();
        RepairReport report = CheckpointRepair.Salvage(new BytesStorage(damaged, damaged.Length), () => new MemoryStorage(target), options ?? new());
        return new Repaired(target.ToArray(), report);
    }

    /// <summary>Repairs a file that was encrypted with the key of the tests, or is plain.</summary>
    public static Repaired Of(byte[] damaged, bool encrypted) => Of(damaged, new RepairOptions { Key = encrypted ? TestKeys.Key : null });

    public bool IsLost(long epoch, long pfn) => Lost.Exists(lost => lost.Epoch == epoch && lost.Pages.Contains(new Pfn(pfn)));

    /// <summary>Every page is the model's or lost, what is lost is absent, and the file is in order.</summary>
    public void AssertTrue(IReadOnlyList<ModelEpoch> models)
    {
        VerifyReport verified = Reader.VerifyDeep();
        Assert.Empty(verified.Damage);
        Assert.Empty(verified.Warnings);
        Assert.Equal(Report.Epochs, Reader.EpochCount);
        foreach (EpochInfo info in Reader.Epochs())
        {
            AssertEpoch(Reader.OpenEpoch(info.Id), models.Single(model => model.Id == info.Id.Value));
        }
    }

    public void Dispose() => Reader.Dispose();

    private void AssertEpoch(Epoch epoch, ModelEpoch model)
    {
        // A record that was found without its sum says what it says, and the report says so.
        bool isChecked = !Report.Lost.Any(part => part.Epoch == epoch.Info.Id && part is { Part: "record" });
        if (isChecked)
        {
            Assert.Equal((model.Parent?.Id, model.Label, model.PageCount), (epoch.Info.Parent?.Value, epoch.Info.Label, epoch.Info.PageCount));
        }

        bool anyLost = Report.Lost.Any(part => part.Epoch == epoch.Info.Id);
        Assert.Equal(anyLost ? 0 : model.Id % 3, (long)epoch.Info.Consistency);
        Assert.Equal(anyLost, epoch.Info.States.Any(state => state.Name == "pagestore-repair"));
        byte[] content = new byte[epoch.PageSize];
        long[] known = [.. model.Pages.Keys.Concat(Lost.Where(lost => lost.Epoch == model.Id).Select(lost => lost.Pages.First.Value)).Where(pfn => isChecked || pfn < epoch.PageCount)];
        foreach (long pfn in known.Distinct())
        {
            epoch.ReadPage(new Pfn(pfn), content);
            PageInfo info = epoch.GetPageInfo(new Pfn(pfn));
            if (IsLost(model.Id, pfn))
            {
                Assert.True(info is { Class: PageClass.Absent, Type: GuestPageType.Absent }, $"epoch {model.Id}, page {pfn} is lost, and there");
            }
            else
            {
                ModelPage page = model.PageOf(pfn)!;
                bool same = page.Content.Length == 0 ? info.Class == PageClass.Absent : page.Content.AsSpan().SequenceEqual(content);
                Assert.True(same && info.Type == page.Type, $"epoch {model.Id}, page {pfn} is not what it was");
            }
        }

        // Nothing else is there.
        Assert.Equal(known.Count(pfn => !IsLost(model.Id, pfn) && model.PageOf(pfn)?.Class != PageClass.Absent), epoch.PresentRuns().Sum(run => run.Count));
    }
}
