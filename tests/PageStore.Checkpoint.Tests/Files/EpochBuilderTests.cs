using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>A caller's mistake is an argument exception, at once, and costs neither the epoch nor the writer.</summary>
public sealed class EpochBuilderTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_label_that_is_no_text_is_refused_when_the_epoch_begins()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        Assert.Throws<ArgumentException>(() => writer.BeginEpoch(new EpochOptions { Label = "half \ud800" }));
        Assert.Throws<ArgumentException>(() => writer.BeginEpoch(new EpochOptions { Label = new string('x', 1025) }));
        writer.BeginEpoch(new EpochOptions { Label = new string('x', 1024) }).Dispose();
    }

    [Fact]
    public void An_empty_label_is_none()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { Label = "" });
        EpochInfo info = epoch.Commit();
        Assert.Null(info.Label);
        Assert.Equal(info.Label, writer.OpenEpoch(info.Id).Info.Label);
    }

    [Theory]
    [InlineData("")]
    [InlineData("taken")]
    [InlineData(null)]
    public void A_name_that_cannot_be_is_refused(string? given)
    {
        // Half a surrogate pair, which an attribute cannot carry.
        string name = given ?? "half \ud800";
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using EpochBuilder epoch = writer.BeginEpoch();
        epoch.AddState("taken", new MemoryStream([1]));
        Assert.Throws<ArgumentException>(() => epoch.AddState(name, new MemoryStream([2])));
        Assert.Single(epoch.Commit().States);
    }

    [Fact]
    public void Sections_are_refused_when_their_names_fill_the_record_and_those_before_are_kept()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { Label = "full" });
        int added = 0;
        ArgumentException? refused = null;
        while (refused is null)
        {
            refused = Record.Exception(() => epoch.AddState($"{added:d200}", new MemoryStream([1]))) as ArgumentException;
            added += refused is null ? 1 : 0;
        }

        Assert.Contains("65536", refused.Message, StringComparison.Ordinal);
        Assert.Equal(added, epoch.Commit().States.Count);
        Assert.InRange(added, 65536 / 260, 65536 / 240);
        Assert.Equal(added, writer.OpenEpoch(new EpochId(1)).Info.States.Count);
    }

    [Fact]
    public void A_creation_in_a_folder_that_is_not_there_leaves_nothing()
    {
        string path = Path.Combine(_path, "in", "nothing.pages");
        Assert.Throws<StorageException>(() => CheckpointWriter.Create(path));
        Assert.False(File.Exists(path));
    }
}
