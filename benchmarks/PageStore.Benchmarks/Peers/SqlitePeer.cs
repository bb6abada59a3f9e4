using Microsoft.Data.Sqlite;

namespace PageStore.Benchmarks;

/// <summary>SQLite with a write-ahead log that is synced with each commit, reading through a memory map.</summary>
internal sealed class SqlitePeer(string path) : IPagePeer
{
    /// <summary>
    /// The largest page that SQLite has: 15 guest pages go into one. With the default of 4096 bytes each guest page takes two.
    /// </summary>
    private const int DatabasePage = 65536;

    private SqliteConnection? _connection;
    private SqliteCommand? _select;

    public string Name => "SQLite";

    public string Path => path;

    public void Open(bool toWrite)
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Pooling = false,
            Mode = toWrite ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadOnly,
        }.ToString());
        _connection.Open();
        if (toWrite)
        {
            Execute($"PRAGMA page_size={DatabasePage}");
            Execute("PRAGMA journal_mode=WAL");
            Execute("PRAGMA synchronous=FULL");
            Execute("CREATE TABLE IF NOT EXISTS pages (pfn INTEGER PRIMARY KEY, content BLOB NOT NULL)");
            return;
        }

        Execute("PRAGMA mmap_size=17179869184");
        _select = _connection.CreateCommand();
        _select.CommandText = "SELECT content FROM pages WHERE pfn = $pfn";
        _select.Parameters.Add("$pfn", SqliteType.Integer);
        _select.Prepare();
    }

    public void Commit(ReadOnlySpan<long> pages, ReadOnlySpan<byte> content)
    {
        int pageSize = content.Length / pages.Length;
        byte[] page = new byte[pageSize];
        using SqliteTransaction transaction = _connection!.BeginTransaction();
        using SqliteCommand insert = _connection.CreateCommand();
        insert.CommandText = "INSERT OR REPLACE INTO pages VALUES ($pfn, $content)";
        SqliteParameter pfn = insert.Parameters.Add("$pfn", SqliteType.Integer);
        insert.Parameters.Add("$content", SqliteType.Blob).Value = page;
        insert.Prepare();
        for (int i = 0; i < pages.Length; i++)
        {
            pfn.Value = pages[i];
            content.Slice(i * pageSize, pageSize).CopyTo(page);
            insert.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    public void Tidy()
    {
        // A commit replaces, and reuses what it replaced.
    }

    public void Shrink()
    {
        Open(toWrite: true);
        Execute("VACUUM");
        Close();
    }

    public void Read(long page, Span<byte> destination)
    {
        _select!.Parameters[0].Value = page;
        using SqliteDataReader row = _select.ExecuteReader();
        row.Read();
        ((byte[])row.GetValue(0)).CopyTo(destination);
    }

    public void Close()
    {
        _select?.Dispose();
        _connection?.Dispose();
        (_select, _connection) = (null, null);
    }

    public void Dispose() => Close();

    private void Execute(string text)
    {
        using SqliteCommand command = _connection!.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }
}
