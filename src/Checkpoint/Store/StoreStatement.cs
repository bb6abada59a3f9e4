using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace PageStore.Checkpoint;

/// <summary>A prepared statement: the database's own calls, because those of ADO.NET allocate for each value. For one thread at a time. The caller disposes it.</summary>
internal sealed class StoreStatement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    public StoreStatement(sqlite3 database, string sql)
    {
        _database = database;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(database, sql, out _statement), database);
    }

    public StoreStatement Bind(int index, long value)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_bind_int64(_statement, index, value), _database);
        return this;
    }

    public StoreStatement Bind(int index, string value)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_bind_text(_statement, index, value), _database);
        return this;
    }

    public StoreStatement Bind(int index, ReadOnlySpan<byte> value)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_bind_blob(_statement, index, value), _database);
        return this;
    }

    public StoreStatement Bind(int index, Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return Bind(index, bytes);
    }

    public StoreStatement Bind(int index, in BlockHash value)
    {
        Span<byte> bytes = stackalloc byte[BlockHash.Size];
        value.Write(bytes);
        return Bind(index, bytes);
    }

    /// <summary>Goes to the next row; false behind the last one, and then the statement can be run anew.</summary>
    public bool Step()
    {
        int code = raw.sqlite3_step(_statement);
        if (code == raw.SQLITE_ROW)
        {
            return true;
        }

        Reset();
        if (code != raw.SQLITE_DONE)
        {
            SqliteException.ThrowExceptionForRC(code, _database);
        }

        return false;
    }

    /// <summary>Runs a statement whose rows nobody wants; returns how many rows it changed.</summary>
    public int Run()
    {
        while (Step())
        {
        }

        return raw.sqlite3_changes(_database);
    }

    public long Long(int column) => raw.sqlite3_column_int64(_statement, column);

    public string Text(int column) => raw.sqlite3_column_text(_statement, column).utf8_to_string();

    /// <summary>Good until the next step.</summary>
    public ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(_statement, column);

    public Guid Uuid(int column) => new(Blob(column), bigEndian: true);

    public BlockHash Hash(int column) => BlockHash.Read(Blob(column));

    /// <summary>Ends a run before its last row.</summary>
    public void Reset() => raw.sqlite3_reset(_statement);

    public void Dispose() => _statement.Dispose();
}
