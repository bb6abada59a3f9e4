using Microsoft.Win32.SafeHandles;

namespace PageStore.Native.Tests;

/// <summary>A file of known content, mapped whole, of which the end can be cut off and put back.</summary>
internal sealed unsafe class ShrinkingFile : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
    private readonly SafeFileHandle _file;

    internal ShrinkingFile(int pages)
    {
        Content = new byte[pages * Environment.SystemPageSize];
        new Random(pages).NextBytes(Content);
        _file = File.OpenHandle(_path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        Restore();
        Address = Map(Libc.ProtRead);
        Assert.NotEqual(-1, Address);
    }

    /// <summary>What the whole file holds.</summary>
    internal byte[] Content { get; }

    /// <summary>Where it is mapped.</summary>
    internal nint Address { get; }

    /// <summary>Cuts the file off behind so many pages: touching the mapping behind them is a SIGBUS.</summary>
    internal void Truncate(int pages) => RandomAccess.SetLength(_file, (long)pages * Environment.SystemPageSize);

    internal void Restore() => RandomAccess.Write(_file, Content, 0);

    /// <summary>Copies from the mapping under the guard.</summary>
    /// <returns>Whether it went well and what came is the content.</returns>
    internal bool Copies(GuardedCopy guard, int offset, int length)
    {
        byte[] copy = new byte[length];
        return guard.TryCopy(Address + offset, copy) && copy.AsSpan().SequenceEqual(Content.AsSpan(offset, length));
    }

    /// <summary>Maps the file once more, for the life of the process.</summary>
    internal nint MapWritable() => Map(Libc.ProtReadWrite);

    private nint Map(int protection) =>
        Libc.mmap(null, (nuint)Content.Length, protection, Libc.MapShared, (int)_file.DangerousGetHandle(), 0);

    public void Dispose()
    {
        _ = Libc.munmap(Address, (nuint)Content.Length);
        _file.Dispose();
        File.Delete(_path);
    }
}
