using System.Runtime.InteropServices;

namespace PageStore.Native.Tests;

/// <summary>Memory between two pages that may not be touched: one byte too far ends the process.</summary>
internal sealed unsafe partial class EdgeBuffer : IDisposable
{
    private const int ProtNone = 0;
    private const int ProtReadWrite = 3;
    private const int MapPrivateAnonymous = 0x22;
    private const int Edge = 65536;

    private readonly byte* _whole;
    private readonly int _bytes;

    /// <param name="bytes">How many, a multiple of the page size.</param>
    public EdgeBuffer(int bytes)
    {
        _bytes = bytes;
        _whole = (byte*)Map(null, (nuint)(bytes + 2 * Edge), ProtNone, MapPrivateAnonymous, -1, 0);
        Assert.NotEqual(-1, (nint)_whole);
        Assert.Equal(0, Protect(_whole + Edge, (nuint)bytes, ProtReadWrite));
    }

    /// <summary>The first bytes, behind the edge.</summary>
    public Span<byte> AtStart(int length) => new(_whole + Edge, length);

    /// <summary>The last bytes, before the edge.</summary>
    public Span<byte> AtEnd(int length) => new(_whole + Edge + _bytes - length, length);

    public void Dispose() => Assert.Equal(0, Unmap(_whole, (nuint)(_bytes + 2 * Edge)));

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}
