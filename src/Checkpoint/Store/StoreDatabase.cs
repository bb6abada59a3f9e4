using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace PageStore.Checkpoint;

/// <summary>Where a block stands.</summary>
/// <param name="Id">Its number, by which lists of references name it.</param>
/// <param name="Pack">The number of the pack.</param>
/// <param name="Offset">The offset of its head there, in bytes.</param>
/// <param name="Bytes">Head and padding included.</param>
internal readonly record struct StoredBlock(long Id, long Pack, long Offset, int Bytes);

/// <summary>
/// The index of a store, one connection to it: docs/store.md, "The index". Transactions, locking between processes and crash safety are SQLite's. For one thread at a
/// time. The caller disposes it.
/// </summary>
internal sealed class StoreDatabase : IDisposable
{
    /// <summary>"PGST": PRAGMA application_id tells the file from any other database.</summary>
    private const long ApplicationId = 0x50475354;

    /// <summary>PRAGMA user_version: the version of the schema and of the packs.</summary>
    private const long Version = 1;

    /// <summary>How long a transaction waits for another's: longer than any of ours takes, which write 4096 blocks at most.</summary>
    private const int BusyMilliseconds = 120_000;

    private const string Schema = """
        CREATE TABLE store(id BLOB NOT NULL, next_block INTEGER NOT NULL);
        CREATE TABLE domain(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
        CREATE TABLE checkpoint(id INTEGER PRIMARY KEY AUTOINCREMENT, file BLOB NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, domain INTEGER NOT NULL, state INTEGER NOT NULL, added INTEGER NOT NULL);
        CREATE TABLE pack(number INTEGER PRIMARY KEY AUTOINCREMENT, session BLOB NOT NULL, domain INTEGER NOT NULL);
        CREATE TABLE block(domain INTEGER NOT NULL, hash BLOB NOT NULL, id INTEGER NOT NULL, pack INTEGER NOT NULL, place INTEGER NOT NULL, size INTEGER NOT NULL, PRIMARY KEY(domain, hash)) WITHOUT ROWID;
        CREATE TABLE reference(number INTEGER PRIMARY KEY AUTOINCREMENT, checkpoint INTEGER NOT NULL, blocks BLOB NOT NULL);
        CREATE INDEX reference_checkpoint ON reference(checkpoint);
        """;

    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, StoreStatement> _statements = [];
    private readonly StoreStatement _find;

    private StoreDatabase(SqliteConnection connection, string path)
    {
        _connection = connection;
        Path = path;
        Store = Guard(() =>
        {
            using StoreStatement id = Once("SELECT id FROM store");
            return id.Step() ? id.Uuid(0) : throw new CorruptDataException($"{path} has no id of its store.");
        });
        _find = Prepare("SELECT id, pack, place, size FROM block WHERE domain = ?1 AND hash = ?2");
    }

    public string Path { get; }

    /// <summary>The id of the store, which its packs have, too.</summary>
    public Guid Store { get; }

    /// <summary>How many bytes of memory this connection has: the pages that it caches, the schema, the statements.</summary>
    public long MemoryBytes => Status(raw.SQLITE_DBSTATUS_CACHE_USED) + Status(raw.SQLITE_DBSTATUS_SCHEMA_USED) + Status(raw.SQLITE_DBSTATUS_STMT_USED);

    /// <summary>Opens the index of a store that is there.</summary>
    /// <exception cref="CorruptDataException">It is none, or damaged.</exception>
    /// <exception cref="UnsupportedException">It is of a later version.</exception>
    /// <exception cref="StorageException">It cannot be opened.</exception>
    public static StoreDatabase Open(string path) => Guarded(path, () => Ready(Connect(path, SqliteOpenMode.ReadWrite), path));

    /// <summary>Opens the index, and makes it where there is none.</summary>
    public static StoreDatabase OpenOrCreate(string path) => Guarded(path, () =>
    {
        SqliteConnection connection = Connect(path, SqliteOpenMode.ReadWriteCreate);
        try
        {
            Create(connection.Handle!);
            return Ready(connection, path);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    });

    /// <summary>Runs something in one transaction, alone among all writers of all processes. What throws leaves nothing behind.</summary>
    public T Write<T>(Func<T> action) => Guard(() =>
    {
        Execute("BEGIN IMMEDIATE");
        try
        {
            T result = action();
            Execute("COMMIT");
            return result;
        }
        catch
        {
            RollBack(_connection.Handle!);
            throw;
        }
    });

    /// <inheritdoc cref="Write{T}"/>
    public void Write(Action action) => Write(() =>
    {
        action();
        return true;
    });

    /// <summary>Runs something that sees one state of the index, whatever is written meanwhile.</summary>
    public T Read<T>(Func<T> action) => Guard(() =>
    {
        Execute("BEGIN");
        try
        {
            return action();
        }
        finally
        {
            RollBack(_connection.Handle!);
        }
    });

    /// <summary>Turns the database's errors into the library's.</summary>
    public T Guard<T>(Func<T> action) => Guarded(Path, action);

    /// <summary>A statement ready to run, which is kept for the next time, and disposed with the connection.</summary>
    public StoreStatement Prepare(string sql) => Guard(() =>
    {
        if (_statements.TryGetValue(sql, out StoreStatement? known))
        {
            // Its last run may have ended in an error.
            known.Reset();
            return known;
        }

        StoreStatement statement = Once(sql);
        _statements.Add(sql, statement);
        return statement;
    });

    /// <summary>Prepares a statement that the caller disposes.</summary>
    public StoreStatement Once(string sql) => new(_connection.Handle!, sql);

    /// <summary>Where a block of a domain stands; null where there is none.</summary>
    public StoredBlock? Find(long domain, in BlockHash hash)
    {
        try
        {
            if (!_find.Bind(1, domain).Bind(2, hash).Step())
            {
                return null;
            }

            var place = new StoredBlock(_find.Long(0), _find.Long(1), _find.Long(2) * Layout.Unit, (int)_find.Long(3) * Layout.Unit);
            _find.Reset();
            return place;
        }
        catch (SqliteException failure)
        {
            throw Told(Path, failure);
        }
    }

    /// <summary>Keeps the memory of this connection well within a hundredth of what the packs take.</summary>
    public void LimitMemory(StoreLayout layout)
    {
        long blockBytes = Directory.EnumerateFiles(layout.Packs).Sum(StoreLayout.LengthOf);

        // SQLite needs some pages for any work at all, and gains little from more than the upper bound.
        long kibibytes = Math.Clamp(blockBytes / 256 / 1024, 256, 65536);
        Guard(() =>
        {
            Execute($"PRAGMA cache_size = -{kibibytes}");
            return true;
        });
    }

    public void Dispose()
    {
        foreach (StoreStatement statement in _statements.Values)
        {
            statement.Dispose();
        }

        _connection.Dispose();
    }

    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        // No pool: a connection ends with its owner.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        try
        {
            connection.Open();
            raw.sqlite3_busy_timeout(connection.Handle!, BusyMilliseconds);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Create(sqlite3 database)
    {
        Run(database, "PRAGMA journal_mode = WAL");
        Run(database, "BEGIN IMMEDIATE");
        try
        {
            if (Number(database, "SELECT count(*) FROM sqlite_master") == 0)
            {
                SqliteException.ThrowExceptionForRC(raw.sqlite3_exec(database, Schema), database);
                using var store = new StoreStatement(database, "INSERT INTO store VALUES(?1, 1)");
                store.Bind(1, Guid.NewGuid()).Run();
                Run(database, $"PRAGMA application_id = {ApplicationId}");
                Run(database, $"PRAGMA user_version = {Version}");
            }

            Run(database, "COMMIT");
        }
        catch
        {
            RollBack(database);
            throw;
        }
    }

    /// <summary>SQLite has rolled back itself after some errors, a full disk for one.</summary>
    private static void RollBack(sqlite3 database)
    {
        if (raw.sqlite3_get_autocommit(database) == 0)
        {
            Run(database, "ROLLBACK");
        }
    }

    private static StoreDatabase Ready(SqliteConnection connection, string path)
    {
        try
        {
            sqlite3 database = connection.Handle!;
            if (Number(database, "PRAGMA application_id") != ApplicationId)
            {
                throw new CorruptDataException($"{path} is not the index of a store.");
            }

            if (Number(database, "PRAGMA user_version") is not Version and var version)
            {
                throw new UnsupportedException($"{path} is of version {version}; this PageStore reads version {Version}. Use a newer PageStore.");
            }

            // A commit must survive a loss of power: a checkpoint that was added counts on its blocks.
            Run(database, "PRAGMA synchronous = FULL");
            return new StoreDatabase(connection, path);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static long Number(sqlite3 database, string sql)
    {
        using var statement = new StoreStatement(database, sql);
        return statement.Step() ? statement.Long(0) : 0;
    }

    private static void Run(sqlite3 database, string sql)
    {
        using var statement = new StoreStatement(database, sql);
        statement.Run();
    }

    private static T Guarded<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (SqliteException failure)
        {
            throw Told(path, failure);
        }
    }

    private static PageStoreException Told(string path, SqliteException failure) => failure.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB
        ? new CorruptDataException($"The index {path} is damaged: {failure.Message}", failure)
        : new StorageException($"The index {path}: {failure.Message}", failure);

    private long Status(int what)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_db_status(_connection.Handle!, what, out int now, out _, 0), _connection.Handle);
        return now;
    }

    private void Execute(string sql) => Run(_connection.Handle!, sql);
}
