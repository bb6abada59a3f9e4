namespace PageStore.Checkpoint.Tests;

/// <summary>Pages of 4096 bytes for tests that need no history.</summary>
internal static class HistoryPages
{
    /// <summary>Pages that do not compress.</summary>
    public static byte[] Random(int count, int seed)
    {
        byte[] pages = new byte[count * PageSizes.Default];
        new Random(seed).NextBytes(pages);
        return pages;
    }
}
