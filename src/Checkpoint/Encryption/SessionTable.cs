using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>One session's record: docs/format.md, "Encryption".</summary>
internal static class SessionRecord
{
    public const int Size = 64;
    public const int RandomSize = 32;

    public static void Write(Span<byte> destination, ReadOnlySpan<byte> random, DateTimeOffset time)
    {
        destination[..Size].Clear();
        random.CopyTo(destination);
        BinaryPrimitives.WriteInt64LittleEndian(destination[RandomSize..], UnixTime.ToMicroseconds(time));
    }

    /// <summary>Whether everything behind the time is zero.</summary>
    public static bool IsReservedClear(ReadOnlySpan<byte> record) => !record[(RandomSize + sizeof(long))..Size].ContainsAnyExcept((byte)0);
}

/// <summary>The session table of one root. It is plain, and so are its records: without them nothing could be opened. Thread-safe.</summary>
/// <param name="nodes">Reads plain blocks.</param>
/// <param name="tree">The table.</param>
/// <param name="rootOffset">Where its root was read, for messages.</param>
/// <param name="older">The table of an older root, which is asked where this one is damaged or has no such session; null for none.</param>
internal sealed class SessionTable(NodeReader nodes, TreeRoot tree, long rootOffset, SessionTable? older = null)
{
    /// <summary>Reads plain blocks.</summary>
    public NodeReader Nodes => nodes;

    /// <summary>Reads the random bytes of a session.</summary>
    /// <param name="session">Its number.</param>
    /// <param name="random">Receives the bytes.</param>
    /// <param name="offset">The block that names the session, for messages.</param>
    /// <exception cref="CorruptDataException">The table does not have it, or is damaged.</exception>
    public void ReadRandom(uint session, Span<byte> random, long offset)
    {
        try
        {
            ReadOwn(session, random, offset);
        }
        catch (CorruptDataException) when (older is not null && older.TryReadRandom(session, random, offset))
        {
            // A table only grows: a session of the older one is the same one here.
        }
    }

    /// <summary>Reads a record; its random bytes go to <paramref name="random"/>.</summary>
    public void ReadRecord(Entry entry, Span<byte> random)
    {
        Span<byte> buffer = stackalloc byte[SessionRecord.Size];
        ReadStored(nodes, entry, buffer)[..SessionRecord.RandomSize].CopyTo(random);
    }

    /// <summary>Reads a whole record.</summary>
    public static ReadOnlySpan<byte> ReadStored(NodeReader nodes, Entry entry, Span<byte> buffer)
    {
        if (entry.StoredBytes != SessionRecord.Size)
        {
            throw Damage.At(entry.Offset, $"the record of a session has {entry.StoredBytes} bytes");
        }

        ReadOnlySpan<byte> record = nodes.Blocks.ReadStored(entry, buffer);
        return SessionRecord.IsReservedClear(record) ? record : throw Damage.At(entry.Offset, "reserved bytes of a session's record are set");
    }

    /// <summary>The highest number in the table; 0 where it is empty.</summary>
    public long LastNumber()
    {
        if (EntryRules.CheckRoot(tree, TreeKind.SessionTable) is { } wrong)
        {
            throw Damage.At(rootOffset, "the root of a tree is " + wrong);
        }

        Span<Entry> entries = stackalloc Entry[TreeRoot.FanOut];
        Entry entry = tree.Root;
        long number = 0;
        for (int level = tree.Height; level > 0 && !entry.IsPlainAbsent; level--)
        {
            nodes.Read(entry, TreeKind.SessionTable, level, number, entries);
            int slot = ((ReadOnlySpan<Entry>)entries).LastIndexOfAnyExcept(Entry.Absent);
            entry = slot < 0 ? Entry.Absent : entries[slot];
            number = (number << TreeRoot.FanOutShift) + Math.Max(slot, 0);
        }

        return number;
    }

    private bool TryReadRandom(uint session, Span<byte> random, long offset)
    {
        try
        {
            ReadRandom(session, random, offset);
            return true;
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }

    private void ReadOwn(uint session, Span<byte> random, long offset)
    {
        var cursor = new TreeCursor();
        cursor.Bind(nodes, tree, TreeKind.SessionTable, rootOffset);
        Entry entry = session == 0 ? Entry.Absent : cursor.Get(session);
        if (entry.Kind != EntryKind.Record)
        {
            throw Damage.At(offset, $"a sealed block names session {session}, which the file does not have");
        }

        ReadRecord(entry, random);
    }
}
