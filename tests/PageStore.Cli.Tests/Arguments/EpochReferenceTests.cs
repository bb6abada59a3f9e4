using FsCheck;
using FsCheck.Xunit;

namespace PageStore.Cli.Tests;

public class EpochReferenceTests
{
    [Theory]
    [InlineData("a.pages", "a.pages", null)]
    [InlineData("a.pages@3", "a.pages", 3L)]
    [InlineData("a@b.pages", "a@b.pages", null)]
    [InlineData("a@1@2", "a@1", 2L)]
    [InlineData("a@", "a@", null)]
    [InlineData("a@-1", "a@-1", null)]
    [InlineData("a@ 1", "a@ 1", null)]
    [InlineData("a@1x", "a@1x", null)]
    [InlineData("@3", "@3", null)]
    [InlineData("a@99999999999999999999", "a@99999999999999999999", null)]
    public void File_and_epoch_are_told_apart(string text, string path, long? epoch) =>
        Assert.Equal(new EpochReference(path, epoch is { } id ? new EpochId(id) : null), EpochReference.Parse(text));

    [Fact]
    public void File_whose_own_name_ends_like_an_epoch_is_taken_for_itself()
    {
        using var folder = new TempFolder();
        string path = folder.Write("guest@7", []);
        Assert.Equal(new EpochReference(path, null), EpochReference.Parse(path));
        Assert.Equal(new EpochReference(path, new EpochId(2)), EpochReference.Parse(path + "@2"));
    }

    [Property]
    public bool Every_epoch_of_every_path_is_found(NonEmptyString path, NonNegativeInt epoch) =>
        EpochReference.Parse($"{path.Get}@{epoch.Get}") == new EpochReference(path.Get, new EpochId(epoch.Get));
}
