namespace PageStore.Cli.Tests;

/// <summary>Damages checkpoint files at known places.</summary>
internal static class Damage
{
    /// <summary>Changes one byte of a page that the file stores as it is, and returns the offset at which the page begins.</summary>
    public static long InPage(string file, byte[] image, int page)
    {
        byte[] bytes = File.ReadAllBytes(file);
        int offset = bytes.AsSpan().IndexOf(RawImages.Page(image, page));
        Assert.True(offset > 0, "The page is not in the file as it is.");
        bytes[offset + 1234] ^= 1;
        File.WriteAllBytes(file, bytes);
        return offset;
    }
}
