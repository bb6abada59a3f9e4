namespace PageStore.Native.Tests;

/// <summary>What FsCheck makes of numbers: the accesses of several intervals.</summary>
internal static class AccessPattern
{
    /// <summary>The pages of a pattern's region: odd, and more than one 2 MiB page table's 512.</summary>
    internal const int Pages = 2777;

    /// <summary>A prime that spreads 16-bit numbers over a region of 2^18 pages, and a smaller one all the same.</summary>
    private const long Spread = 40_503;

    /// <summary>Makes one access of three numbers: single pages and runs that cross a word and a page table, in all three kinds.</summary>
    internal static void Play(Guest guest, (ushort First, byte Length, byte Kind) access) =>
        guest.Access(access.First * Spread % guest.PageCount, access.Length % 4 == 0 ? access.Length * 3 : 1, (AccessKind)(access.Kind % 3));

    private static long guestPages(Guest guest) => guest.PageCount;
}
