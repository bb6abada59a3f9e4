using Xunit;

namespace PageStore.Checkpoint.Tests;

public sealed class RawImageMemoryTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".raw");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Pages_are_those_of_the_file()
    {
        byte[] image = new byte[5 * 4096];
        new Random(1).NextBytes(image);
        File.WriteAllBytes(_path, image);
        using var memory = new RawImageMemory(_path);
        byte[] pages = new byte[3 * 4096];
        var types = new GuestPageType[3];
        types.AsSpan().Fill(GuestPageType.Absent);

        memory.CopyPages(new Pfn(2), pages, types);

        Assert.Equal((4096, 5L), (memory.PageSize, memory.PageCount));
        Assert.Equal(image[(2 * 4096)..], pages);
        Assert.All(types, type => Assert.Equal(GuestPageType.Normal, type));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.CopyPages(new Pfn(3), pages, types));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.CopyPages(new Pfn(-1), pages, types));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.CopyPages(new Pfn(0), pages.AsSpan(1), types));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4095)]
    [InlineData(4097)]
    public void A_file_of_no_whole_pages_is_told(int length)
    {
        File.WriteAllBytes(_path, new byte[length]);
        Assert.Contains(_path, Assert.Throws<CorruptDataException>(() => new RawImageMemory(_path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_or_became_shorter_is_told()
    {
        Assert.Throws<StorageException>(() => new RawImageMemory(_path));
        File.WriteAllBytes(_path, new byte[2 * 4096]);
        using var memory = new RawImageMemory(_path);
        using (FileStream file = new(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(4097);
        }

        StorageException e = Assert.Throws<StorageException>(() => memory.CopyPages(new Pfn(0), new byte[2 * 4096], new GuestPageType[2]));
        Assert.Contains("4097", e.Message, StringComparison.Ordinal);
    }
}
