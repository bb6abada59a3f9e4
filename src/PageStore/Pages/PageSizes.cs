namespace PageStore;

/// <summary>The page sizes that PageStore knows: the powers of two from 4 KiB to 64 KiB.</summary>
public static class PageSizes
{
    /// <summary>4096 bytes: the page of x86, and the default.</summary>
    public const int Default = 4096;

    /// <summary>The smallest page, 4 KiB.</summary>
    public const int Min = 4096;

    /// <summary>The largest page, 64 KiB: the largest granule of Arm, and the largest cluster of a disk image kept as memory.</summary>
    public const int Max = 65536;

    /// <summary>Whether <paramref name="pageSize"/> is a power of two from <see cref="Min"/> to <see cref="Max"/> bytes.</summary>
    public static bool IsValid(int pageSize) => pageSize is >= Min and <= Max && int.IsPow2(pageSize);

    /// <summary>Throws unless <paramref name="pageSize"/> is a page size.</summary>
    /// <param name="pageSize">The size in bytes.</param>
    /// <param name="paramName">The name of the caller's parameter.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is no power of two from 4096 to 65536.</exception>
    public static void ThrowIfInvalid(int pageSize, string? paramName = null)
    {
        if (!IsValid(pageSize))
        {
            throw new ArgumentOutOfRangeException(paramName ?? nameof(pageSize), pageSize, "A page has a power of two from 4096 to 65536 bytes.");
        }
    }
}
