using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace PageStore.Checkpoint;

/// <summary>Reads and questions to an NBD server behind the handshake. For one caller at a time.</summary>
internal sealed class NbdSession(NbdChannel channel, NbdExport export)
{
    /// <summary>Bytes of one question for a status: any multiple of the largest block; the server says less where that is too much.</summary>
    private const long StatusBytes = 1 << 30;

    private const int ExtentBytes = 8;

    /// <summary>An error chunk: its number, the length of its text, the text and an offset.</summary>
    private const int MaxErrorBytes = 4 + 2 + NbdProtocol.MaxStringBytes + 8;

    private readonly Queue<NbdRead> _under = [];
    private readonly Queue<NbdRead> _idle = [];
    private readonly byte[] _request = new byte[28];
    private readonly byte[] _head = new byte[20];
    private readonly byte[] _extents = new byte[1024 * ExtentBytes];
    private ulong _cookie;
    private bool _isStatusDone;
    private long _told;

    public async ValueTask BeginReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!_idle.TryDequeue(out NbdRead? read))
        {
            read = new NbdRead();
        }

        read.Begin(++_cookie, offset, destination);
        _under.Enqueue(read);
        await SendAsync(NbdProtocol.Command.Read, offset, (uint)destination.Length, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask EndReadAsync(CancellationToken cancellationToken)
    {
        NbdRead read = _under.Peek();
        while (!read.IsDone)
        {
            await TakeReplyAsync(cancellationToken).ConfigureAwait(false);
        }

        _under.Dequeue();
        _idle.Enqueue(read);
        if (read.Failure is { } failure)
        {
            throw new StorageException($"{channel.Name} could not read {read.Destination.Length} bytes of the export: {failure}");
        }

        if (!read.IsWhole)
        {
            throw channel.Broken("a read ended without an error, and not all of it came");
        }
    }

    /// <summary>Asks for the status of the whole export, piece by piece.</summary>
    public async IAsyncEnumerable<DiskExtent> ReadExtentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (export.AllocationId is null)
        {
            yield return new DiskExtent(DiskExtentKind.Data, 0, export.Length);
        }

        int contexts = (export.AllocationId is null ? 0 : 1) + (export.BitmapId is null ? 0 : 1);
        for (long at = 0, next; at < export.Length && contexts > 0; at = next)
        {
            _cookie++;
            await SendAsync(NbdProtocol.Command.BlockStatus, at, (uint)Math.Min(StatusBytes, export.Length - at), cancellationToken).ConfigureAwait(false);
            next = export.Length;
            uint? last = null;
            for (int left = contexts; left > 0; left--)
            {
                (uint id, int count) = await StatusHeadAsync(last, isLast: left == 1, cancellationToken).ConfigureAwait(false);
                last = id;
                await foreach (DiskExtent extent in ContextAsync(id, count, at, cancellationToken).ConfigureAwait(false))
                {
                    yield return extent;
                }

                // Each context goes as far as it likes; what one of them said already it says again.
                next = Math.Min(next, _told);
            }

            await StatusEndAsync(cancellationToken).ConfigureAwait(false);
            next = NextQuestion(at, next);
        }
    }

    /// <summary>Says good-bye, as far as the server still listens.</summary>
    public async ValueTask DisconnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(NbdProtocol.Command.Disconnect, 0, 0, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception cause) when (cause is StorageException or OperationCanceledException or ObjectDisposedException)
        {
            // It ended first, which is as good.
        }
    }

    private ValueTask SendAsync(NbdProtocol.Command command, long offset, uint length, CancellationToken cancellationToken)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_request, NbdProtocol.RequestMagic);
        BinaryPrimitives.WriteUInt16BigEndian(_request.AsSpan(4), 0);
        BinaryPrimitives.WriteUInt16BigEndian(_request.AsSpan(6), (ushort)command);
        BinaryPrimitives.WriteUInt64BigEndian(_request.AsSpan(8), _cookie);
        BinaryPrimitives.WriteInt64BigEndian(_request.AsSpan(16), offset);
        BinaryPrimitives.WriteUInt32BigEndian(_request.AsSpan(24), length);
        return channel.WriteAsync(_request, cancellationToken);
    }

    private async ValueTask TakeReplyAsync(CancellationToken cancellationToken)
    {
        uint magic = await channel.ReadUInt32Async(cancellationToken).ConfigureAwait(false);
        if (magic == NbdProtocol.SimpleReplyMagic && !export.IsStructured)
        {
            await TakeSimpleAsync(cancellationToken).ConfigureAwait(false);
        }
        else if (magic == NbdProtocol.ChunkMagic && export.IsStructured)
        {
            await TakeChunkAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            throw channel.Broken($"a reply begins with 0x{magic:x8}");
        }
    }

    private async ValueTask TakeSimpleAsync(CancellationToken cancellationToken)
    {
        uint error = await channel.ReadUInt32Async(cancellationToken).ConfigureAwait(false);
        NbdRead read = ReadOf(await channel.ReadUInt64Async(cancellationToken).ConfigureAwait(false));
        if (error != 0)
        {
            read.Failure = Describe(error, []);
        }
        else
        {
            await channel.FillAsync(read.TryTake(read.Offset, (uint)read.Destination.Length)!.Value, cancellationToken).ConfigureAwait(false);
        }

        read.IsDone = true;
    }

    private async ValueTask TakeChunkAsync(CancellationToken cancellationToken)
    {
        (ushort flags, NbdProtocol.Chunk type, ulong cookie, uint length) = await ChunkHeadAsync(cancellationToken).ConfigureAwait(false);
        NbdRead read = ReadOf(cookie);
        switch (type)
        {
            case NbdProtocol.Chunk.None when length == 0 && (flags & NbdProtocol.Done) != 0:
                break;
            case NbdProtocol.Chunk.Data when length > 8:
                await channel.FillAsync(await PlaceAsync(read, length - 8, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
                break;
            case NbdProtocol.Chunk.Hole when length == 12:
                ulong offset = await channel.ReadUInt64Async(cancellationToken).ConfigureAwait(false);
                uint hole = await channel.ReadUInt32Async(cancellationToken).ConfigureAwait(false);
                (read.TryTake(offset, hole) ?? throw Misplaced(offset, hole)).Span.Clear();
                break;
            case >= NbdProtocol.Chunk.Error:
                read.Failure ??= await ErrorAsync(length, cancellationToken).ConfigureAwait(false);
                break;
            default:
                throw channel.Broken($"a chunk of type {(ushort)type} and {length} bytes in the reply to a read");
        }

        read.IsDone = (flags & NbdProtocol.Done) != 0;
    }

    private async ValueTask<Memory<byte>> PlaceAsync(NbdRead read, uint length, CancellationToken cancellationToken)
    {
        ulong offset = await channel.ReadUInt64Async(cancellationToken).ConfigureAwait(false);
        return read.TryTake(offset, length) ?? throw Misplaced(offset, length);
    }

    private CorruptDataException Misplaced(ulong offset, uint length) =>
        channel.Broken($"{length} bytes at {offset} were not asked for, come twice, or are one of too many pieces");

    private NbdRead ReadOf(ulong cookie)
    {
        foreach (NbdRead read in _under)
        {
            if (read.Cookie == cookie && !read.IsDone)
            {
                return read;
            }
        }

        throw channel.Broken($"a reply to request {cookie}, which is not under way");
    }

    private async ValueTask<(ushort Flags, NbdProtocol.Chunk Type, ulong Cookie, uint Length)> ChunkHeadAsync(CancellationToken cancellationToken)
    {
        Memory<byte> head = _head.AsMemory(0, 16);
        await channel.FillAsync(head, cancellationToken).ConfigureAwait(false);
        return (
            BinaryPrimitives.ReadUInt16BigEndian(_head),
            (NbdProtocol.Chunk)BinaryPrimitives.ReadUInt16BigEndian(_head.AsSpan(2)),
            BinaryPrimitives.ReadUInt64BigEndian(_head.AsSpan(4)),
            BinaryPrimitives.ReadUInt32BigEndian(_head.AsSpan(12)));
    }

    private async ValueTask<string> ErrorAsync(uint length, CancellationToken cancellationToken)
    {
        if (length is < 6 or > MaxErrorBytes)
        {
            throw channel.Broken($"an error of {length} bytes");
        }

        byte[] payload = await channel.ReadBytesAsync((int)length, cancellationToken).ConfigureAwait(false);
        int text = BinaryPrimitives.ReadUInt16BigEndian(payload.AsSpan(4));
        return text <= payload.Length - 6
            ? Describe(BinaryPrimitives.ReadUInt32BigEndian(payload), payload.AsSpan(6, text))
            : throw channel.Broken($"an error of {length} bytes with a text of {text}");
    }

    private static string Describe(uint error, ReadOnlySpan<byte> text) =>
        text.IsEmpty ? $"error {error}." : $"{NbdHandshake.Printable(Encoding.UTF8.GetString(text))} (error {error}).";

    /// <summary>The front of a chunk of status: which context it is of, and how many extents it has.</summary>
    private async ValueTask<(uint Id, int Count)> StatusHeadAsync(uint? last, bool isLast, CancellationToken cancellationToken)
    {
        (ushort flags, NbdProtocol.Chunk type, uint length) = await StatusChunkAsync(cancellationToken).ConfigureAwait(false);
        if (type != NbdProtocol.Chunk.BlockStatus || length % ExtentBytes != 4 || length < 4 + ExtentBytes || length > 4 + ((uint)NbdProtocol.MaxExtents * ExtentBytes))
        {
            throw channel.Broken($"a chunk of type {(ushort)type} and {length} bytes in the reply to a question for the status");
        }

        uint id = await channel.ReadUInt32Async(cancellationToken).ConfigureAwait(false);
        if ((id != export.AllocationId && id != export.BitmapId) || id == last || ((flags & NbdProtocol.Done) != 0 && !isLast))
        {
            throw channel.Broken($"the context {id} was not asked for, comes twice, or is not the only one");
        }

        _isStatusDone = (flags & NbdProtocol.Done) != 0;
        return (id, (int)(length - 4) / ExtentBytes);
    }

    private async ValueTask StatusEndAsync(CancellationToken cancellationToken)
    {
        if (_isStatusDone)
        {
            return;
        }

        (ushort flags, NbdProtocol.Chunk type, uint length) = await StatusChunkAsync(cancellationToken).ConfigureAwait(false);
        if (type != NbdProtocol.Chunk.None || length != 0 || (flags & NbdProtocol.Done) == 0)
        {
            throw channel.Broken($"a chunk of type {(ushort)type} behind the last one of a status");
        }
    }

    /// <summary>The head of a chunk that answers the question under way; what says that the question failed ends here.</summary>
    private async ValueTask<(ushort Flags, NbdProtocol.Chunk Type, uint Length)> StatusChunkAsync(CancellationToken cancellationToken)
    {
        uint magic = await channel.ReadUInt32Async(cancellationToken).ConfigureAwait(false);
        if (magic == NbdProtocol.SimpleReplyMagic)
        {
            uint error = await channel.ReadUInt32Async(cancellationToken).ConfigureAwait(false);
            throw error == 0 ? channel.Broken("a status without any extent") : StatusFailed(Describe(error, []));
        }

        if (magic != NbdProtocol.ChunkMagic)
        {
            throw channel.Broken($"a reply begins with 0x{magic:x8}");
        }

        (ushort flags, NbdProtocol.Chunk type, ulong cookie, uint length) = await ChunkHeadAsync(cancellationToken).ConfigureAwait(false);
        if (cookie != _cookie)
        {
            throw channel.Broken($"a reply to request {cookie}, which is not under way");
        }

        return type < NbdProtocol.Chunk.Error ? (flags, type, length) : throw StatusFailed(await ErrorAsync(length, cancellationToken).ConfigureAwait(false));
    }

    private StorageException StatusFailed(string why) => new($"{channel.Name} cannot tell the status of the export: {why}");

    /// <summary>The extents of one context in one answer; behind the last one <see cref="_told"/> is where they end.</summary>
    private async IAsyncEnumerable<DiskExtent> ContextAsync(uint id, int count, long at, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _told = at;
        while (count > 0)
        {
            int bytes = Math.Min(count * ExtentBytes, _extents.Length);
            await channel.FillAsync(_extents.AsMemory(0, bytes), cancellationToken).ConfigureAwait(false);
            count -= bytes / ExtentBytes;
            for (int i = 0; i < bytes; i += ExtentBytes)
            {
                DiskExtent extent = ReadExtent(id, _told, i, out bool holds);
                _told = extent.Offset + extent.Length;
                if (holds)
                {
                    yield return extent;
                }
            }
        }
    }

    /// <summary>Where the next question begins: at a multiple of the blocks that the server wants, and never where this one began.</summary>
    private long NextQuestion(long at, long told)
    {
        long next = told == export.Length ? told : told - (told % export.MinBlock);
        return next > at ? next : throw channel.Broken($"an answer of {told - at} bytes, where its blocks have {export.MinBlock}");
    }

    /// <summary>An extent that begins at <paramref name="at"/>, cut off at the end of the export.</summary>
    private DiskExtent ReadExtent(uint id, long at, int index, out bool holds)
    {
        uint length = BinaryPrimitives.ReadUInt32BigEndian(_extents.AsSpan(index));
        uint state = BinaryPrimitives.ReadUInt32BigEndian(_extents.AsSpan(index + 4));
        if (length == 0 || at >= export.Length)
        {
            throw channel.Broken($"an extent of {length} bytes at {at}");
        }

        bool isData = id == export.AllocationId;
        holds = isData ? (state & NbdProtocol.StateZero) == 0 : (state & NbdProtocol.StateDirty) != 0;
        return new DiskExtent(isData ? DiskExtentKind.Data : DiskExtentKind.Changed, at, Math.Min(length, export.Length - at));
    }
}
