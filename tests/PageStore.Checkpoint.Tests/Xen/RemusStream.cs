namespace PageStore.Checkpoint.Tests;

/// <summary>
/// A checkpointed stream as Remus sends it, and what each checkpoint makes of the guest. Written by the specification, with few page numbers, so that
/// pages repeat and go.
/// </summary>
internal sealed class RemusStream
{
    private const int Pages = 40;

    private readonly Random _random;
    private readonly XenStreamWriter _writer = new();
    private readonly SortedDictionary<long, (byte Type, byte[]? Data)> _guest = [];

    public RemusStream(int seed, int checkpoints, ImageFormat format = ImageFormat.XlSave)
    {
        _random = new Random(seed);
        Format = format;
        WriteHead();
        for (int i = 0; i < checkpoints; i++)
        {
            WriteCheckpoint(isFirst: i == 0);
        }
    }

    /// <summary>The guest at one checkpoint.</summary>
    /// <param name="End">The offset behind all that belongs to it.</param>
    /// <param name="Guest">Its pages, with holes of the types that are more than that.</param>
    /// <param name="State">The section of the state of devices and processors.</param>
    /// <param name="Tail">The section of the outer layer.</param>
    internal sealed record Checkpoint(long End, SortedDictionary<long, (byte Type, byte[]? Data)> Guest, byte[] State, byte[] Tail);

    public ImageFormat Format { get; }

    public List<Checkpoint> Checkpoints { get; } = [];

    public Guid GuestId { get; } = new("00112233-4455-6677-8899-aabbccddeeff");

    public byte[] Bytes => _writer.ToArray();

    private bool IsBare => Format == ImageFormat.LibxcStream;

    /// <summary>Ends the stream in order, with something behind the last checkpoint or not, and with records of libxl between its end and that of the pages.</summary>
    public RemusStream End(bool withRest, int tail = 0)
    {
        if (withRest)
        {
            WritePages();
            WriteState();
        }

        _writer.Record(0);
        for (int i = 0; i < tail; i++)
        {
            _writer.Record(2, new byte[8 + i]);
        }

        if (!IsBare)
        {
            _writer.Record(0);
        }

        return this;
    }

    private void WriteHead()
    {
        if (Format == ImageFormat.XlSave)
        {
            _writer.Xl([.. System.Text.Encoding.UTF8.GetBytes($$"""{ "c_info": { "name": "g", "uuid": "{{GuestId}}" } }"""), 0]);
        }

        if (!IsBare)
        {
            _writer.Libxl().Record(1);
        }

        _writer.Libxc().Record(0x11, new byte[24]).Record(0x10);
    }

    private void WriteCheckpoint(bool isFirst)
    {
        for (int i = isFirst ? 1 : _random.Next(3); i >= 0; i--)
        {
            WritePages();
        }

        byte[] state = WriteState();
        _writer.Record(0xE);
        byte[] tail = [];
        if (!IsBare)
        {
            byte[] emulator = new byte[8 + _random.Next(20)];
            _random.NextBytes(emulator);
            tail = Written(() => _writer.Record(2, emulator));
            _writer.Record(4);
            tail = [.. tail, .. new byte[8]];
        }

        Checkpoints.Add(new Checkpoint(_writer.Length, new(_guest), [.. state, .. new byte[8]], tail));
    }

    private void WritePages()
    {
        List<(ulong, byte[]?)> batch = [];
        for (int i = _random.Next(1, 30); i > 0; i--)
        {
            long pfn = _random.Next(Pages);
            byte type = (byte)(_random.Next(6) == 0 ? _random.Next(13, 16) : 0);
            byte[]? data = type == 0 ? XenStreamWriter.Page(_random.Next()) : null;
            batch.Add((XenStreamWriter.Entry(type, (ulong)pfn), data));
            _guest[pfn] = (type, data);
        }

        _writer.Pages([.. batch]);
    }

    private byte[] WriteState()
    {
        byte[] context = new byte[_random.Next(1, 100)];
        _random.NextBytes(context);
        return Written(() => _writer.Record(8, new byte[24]).Record(9, context).Record(0xA, new byte[24]));
    }

    private byte[] Written(Action write)
    {
        int before = (int)_writer.Length;
        write();
        return _writer.ToArray()[before..];
    }
}
