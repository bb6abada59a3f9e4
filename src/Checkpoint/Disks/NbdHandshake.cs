using System.Buffers.Binary;
using System.Text;

namespace PageStore.Checkpoint;

/// <summary>The first talk with an NBD server, up to where its export can be read: fixed newstyle, without TLS.</summary>
internal sealed class NbdHandshake(NbdChannel channel, string export, string? bitmap, CancellationToken cancellation)
{
    /// <summary>Longer than any reply that is understood: two numbers and a string. Of what is not understood, as much is passed over.</summary>
    private const int MaxReplyBytes = NbdProtocol.MaxStringBytes + 64;

    /// <summary>A server answers an option with a reply for each thing it was asked for; a hundred is more than there are.</summary>
    private const int MaxReplies = 100;

    private readonly string? _context = bitmap is null ? null : NbdProtocol.DirtyBitmap + bitmap;
    private uint? _allocationId;
    private uint? _bitmapId;
    private ulong? _length;
    private uint _minBlock = 1;
    private uint _maxPayload = NbdProtocol.DefaultMaxPayload;

    public async Task<NbdExport> RunAsync()
    {
        await GreetAsync().ConfigureAwait(false);
        bool structured = await AskForChunksAsync().ConfigureAwait(false);
        if (structured)
        {
            await AskForContextsAsync().ConfigureAwait(false);
        }

        if (_context is not null && _bitmapId is null)
        {
            throw new KeyNotFoundException($"{channel.Name} offers no bitmap \"{bitmap}\" of the export \"{export}\". Name it where the export is made (qemu-nbd --bitmap=NAME, \"bitmaps\" of block-export-add).");
        }

        await GoAsync().ConfigureAwait(false);
        return Checked(structured);
    }

    private async Task GreetAsync()
    {
        if (await channel.ReadUInt64Async(cancellation).ConfigureAwait(false) != NbdProtocol.InitMagic)
        {
            throw channel.Broken("it does not begin with NBDMAGIC");
        }

        ulong style = await channel.ReadUInt64Async(cancellation).ConfigureAwait(false);
        if (style == NbdProtocol.OldMagic)
        {
            throw TooOld("speaks the oldstyle handshake");
        }

        if (style != NbdProtocol.OptionMagic)
        {
            throw channel.Broken($"its second word is 0x{style:x16}");
        }

        ushort flags = BinaryPrimitives.ReadUInt16BigEndian(await channel.ReadBytesAsync(2, cancellation).ConfigureAwait(false));
        if ((flags & NbdProtocol.FixedNewstyle) == 0)
        {
            throw TooOld("does not speak the fixed newstyle handshake");
        }

        byte[] answer = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(answer, flags & (NbdProtocol.FixedNewstyle | NbdProtocol.NoZeroes));
        await channel.WriteAsync(answer, cancellation).ConfigureAwait(false);
    }

    private async Task<bool> AskForChunksAsync()
    {
        await SendAsync(NbdProtocol.Option.StructuredReply, []).ConfigureAwait(false);
        (NbdProtocol.OptionReply type, byte[] payload) = await ReplyAsync(NbdProtocol.Option.StructuredReply).ConfigureAwait(false);
        return type switch
        {
            NbdProtocol.OptionReply.Ack => true,
            NbdProtocol.OptionReply.Unsupported or NbdProtocol.OptionReply.Policy => false,
            _ => throw Refused(type, payload),
        };
    }

    private async Task AskForContextsAsync()
    {
        string[] queries = _context is null ? [NbdProtocol.Allocation] : [NbdProtocol.Allocation, _context];
        await SendAsync(NbdProtocol.Option.SetMetaContext, [.. Text(export), .. Number(queries.Length), .. queries.SelectMany(Text)]).ConfigureAwait(false);
        for (int replies = 0; replies < MaxReplies; replies++)
        {
            (NbdProtocol.OptionReply type, byte[] payload) = await ReplyAsync(NbdProtocol.Option.SetMetaContext).ConfigureAwait(false);
            switch (type)
            {
                case NbdProtocol.OptionReply.MetaContext:
                    NoteContext(payload);
                    break;
                case NbdProtocol.OptionReply.Ack:
                    return;
                case NbdProtocol.OptionReply.Unsupported or NbdProtocol.OptionReply.Policy:
                    (_allocationId, _bitmapId) = (null, null);
                    return;
                default:
                    throw Refused(type, payload);
            }
        }

        throw channel.Broken("it does not come to an end of its contexts");
    }

    private void NoteContext(byte[] payload)
    {
        if (payload.Length < 4)
        {
            throw channel.Broken($"a context of {payload.Length} bytes");
        }

        uint id = BinaryPrimitives.ReadUInt32BigEndian(payload);
        string name = Encoding.UTF8.GetString(payload.AsSpan(4));
        if (name == NbdProtocol.Allocation && _allocationId is null && id != _bitmapId)
        {
            _allocationId = id;
        }
        else if (name == _context && _bitmapId is null && id != _allocationId)
        {
            _bitmapId = id;
        }
        else
        {
            throw channel.Broken($"the context \"{Printable(name)}\" was not asked for, or comes twice");
        }
    }

    private async Task GoAsync()
    {
        await SendAsync(NbdProtocol.Option.Go, [.. Text(export), 0, 1, 0, (byte)NbdProtocol.InfoBlockSize]).ConfigureAwait(false);
        for (int replies = 0; replies < MaxReplies; replies++)
        {
            (NbdProtocol.OptionReply type, byte[] payload) = await ReplyAsync(NbdProtocol.Option.Go).ConfigureAwait(false);
            switch (type)
            {
                case NbdProtocol.OptionReply.Info:
                    NoteInfo(payload);
                    break;
                case NbdProtocol.OptionReply.Ack:
                    return;
                case NbdProtocol.OptionReply.Unsupported:
                    throw TooOld("does not know NBD_OPT_GO");
                default:
                    throw Refused(type, payload);
            }
        }

        throw channel.Broken("it does not come to an end of what it says of the export");
    }

    private void NoteInfo(byte[] payload)
    {
        switch (payload.Length < 2 ? ushort.MaxValue : BinaryPrimitives.ReadUInt16BigEndian(payload))
        {
            case NbdProtocol.InfoExport when payload.Length == 12 && (payload[11] & NbdProtocol.HasFlags) != 0:
                _length = BinaryPrimitives.ReadUInt64BigEndian(payload.AsSpan(2));
                break;
            case NbdProtocol.InfoBlockSize when payload.Length == 14:
                _minBlock = BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan(2));
                _maxPayload = BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan(10));
                break;
            case NbdProtocol.InfoExport or NbdProtocol.InfoBlockSize or ushort.MaxValue:
                throw channel.Broken($"what it says of the export has a wrong length, {payload.Length}");
        }
    }

    private NbdExport Checked(bool structured)
    {
        if (_length is not { } length || length > long.MaxValue)
        {
            throw channel.Broken(_length is null ? "it does not say how long the export is" : $"an export of {_length} bytes");
        }

        if (length == 0)
        {
            throw new StorageException($"The export \"{export}\" of {channel.Name} is empty. Name another one.");
        }

        if (_minBlock is 0 or > PageSizes.Max || !uint.IsPow2(_minBlock) || length % _minBlock != 0)
        {
            throw channel.Broken($"blocks of {_minBlock} bytes in an export of {length}");
        }

        if (_maxPayload < PageSizes.Max)
        {
            throw new UnsupportedException($"{channel.Name} bears no reads of more than {_maxPayload} bytes; {PageSizes.Max} are needed. Use another server.");
        }

        return new NbdExport((long)length, (int)_minBlock, (int)Math.Min(_maxPayload, NbdProtocol.DefaultMaxPayload), structured, _allocationId, _bitmapId);
    }

    private async Task SendAsync(NbdProtocol.Option option, byte[] data)
    {
        byte[] message = new byte[16 + data.Length];
        BinaryPrimitives.WriteUInt64BigEndian(message, NbdProtocol.OptionMagic);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(8), (uint)option);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(12), data.Length);
        data.CopyTo(message, 16);
        await channel.WriteAsync(message, cancellation).ConfigureAwait(false);
    }

    private async Task<(NbdProtocol.OptionReply Type, byte[] Payload)> ReplyAsync(NbdProtocol.Option option)
    {
        byte[] head = await channel.ReadBytesAsync(20, cancellation).ConfigureAwait(false);
        uint of = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(8));
        uint length = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(16));
        if (BinaryPrimitives.ReadUInt64BigEndian(head) != NbdProtocol.OptionReplyMagic || of != (uint)option || length > MaxReplyBytes)
        {
            throw channel.Broken($"its reply to option {(uint)option} is one to option {of}, has another magic, or {length} bytes");
        }

        byte[] payload = await channel.ReadBytesAsync((int)length, cancellation).ConfigureAwait(false);
        return ((NbdProtocol.OptionReply)BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(12)), payload);
    }

    private Exception Refused(NbdProtocol.OptionReply type, byte[] payload)
    {
        string said = payload.Length == 0 ? string.Empty : $" It says: {Printable(Encoding.UTF8.GetString(payload))}";
        return type switch
        {
            NbdProtocol.OptionReply.Unknown => new KeyNotFoundException($"{channel.Name} has no export \"{export}\".{said}"),
            NbdProtocol.OptionReply.TlsRequired => new UnsupportedException($"{channel.Name} wants TLS, which is not built. Serve the export on a Unix socket, or without TLS behind a tunnel.{said}"),
            >= NbdProtocol.OptionReply.Error => new StorageException($"{channel.Name} refused the export \"{export}\", with 0x{(uint)type:x}.{said}"),
            _ => channel.Broken($"a reply of type {(uint)type} that fits no question"),
        };
    }

    private UnsupportedException TooOld(string what) => new($"{channel.Name} {what}, and no other is built. Use a newer server: qemu-nbd, nbdkit or nbd-server of the last years.");

    /// <summary>What a server says goes to a terminal.</summary>
    public static string Printable(string text) => new([.. text.Take(500).Select(character => char.IsControl(character) ? ' ' : character)]);

    private static byte[] Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return [.. Number(bytes.Length), .. bytes];
    }

    private static byte[] Number(int number)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }
}
