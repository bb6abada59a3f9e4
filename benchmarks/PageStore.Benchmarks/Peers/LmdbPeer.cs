using System.Buffers.Binary;
using System.Runtime.InteropServices;
using LightningDB;

namespace PageStore.Benchmarks;

/// <summary>LMDB as it is by default: a memory map, and a sync with each commit.</summary>
internal sealed class LmdbPeer(string path) : IPagePeer
{
    /// <summary>Address space, not file: the map must have room for what a commit copies.</summary>
    private const long MapBytes = 16L << 30;

    private LightningEnvironment? _environment;
    private LightningDatabase? _database;
    private LightningTransaction? _view;

    /// <summary>The package's own library wants a younger C library than Debian 12 has; the distribution's is the same LMDB.</summary>
    static LmdbPeer() => NativeLibrary.SetDllImportResolver(
        typeof(LightningEnvironment).Assembly,
        (_, assembly, path) => NativeLibrary.TryLoad("liblmdb.so.0", assembly, path, out nint library) ? library : 0);

    public string Name => "LMDB";

    public string Path => path;

    public void Open(bool toWrite)
    {
        _environment = new LightningEnvironment(path, new EnvironmentConfiguration { MapSize = MapBytes });
        _environment.Open(EnvironmentOpenFlags.NoSubDir | (toWrite ? EnvironmentOpenFlags.None : EnvironmentOpenFlags.ReadOnly));
        _view = _environment.BeginTransaction(toWrite ? TransactionBeginFlags.None : TransactionBeginFlags.ReadOnly);
        _database = _view.OpenDatabase(configuration: new DatabaseConfiguration { Flags = toWrite ? DatabaseOpenFlags.Create : DatabaseOpenFlags.None });
        if (toWrite)
        {
            _view.Commit();
            _view.Dispose();
            _view = null;
        }
    }

    public void Commit(ReadOnlySpan<long> pages, ReadOnlySpan<byte> content)
    {
        int pageSize = content.Length / pages.Length;
        Span<byte> key = stackalloc byte[sizeof(long)];
        using LightningTransaction transaction = _environment!.BeginTransaction();
        for (int i = 0; i < pages.Length; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(key, pages[i]);
            Check(transaction.Put(_database!, key, content.Slice(i * pageSize, pageSize)));
        }

        Check(transaction.Commit());
    }

    public void Tidy()
    {
        // A commit replaces, and reuses what it replaced.
    }

    public void Shrink()
    {
        string copy = path + ".copy";
        Open(toWrite: true);
        Check(_environment!.CopyTo(copy, compact: true));
        Close();
        File.Move(copy, path, overwrite: true);
    }

    public void Read(long page, Span<byte> destination)
    {
        Span<byte> key = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(key, page);
        (MDBResultCode code, _, MDBValue value) = _view!.Get(_database!, key);
        Check(code);
        value.AsSpan().CopyTo(destination);
    }

    public void Close()
    {
        _view?.Dispose();
        _database?.Dispose();
        _environment?.Dispose();
        (_view, _database, _environment) = (null, null, null);
    }

    public void Dispose() => Close();

    private static void Check(MDBResultCode code)
    {
        if (code != MDBResultCode.Success)
        {
            throw new InvalidOperationException($"LMDB says {code}.");
        }
    }
}
