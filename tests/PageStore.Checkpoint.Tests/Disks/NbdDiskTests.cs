using System.Buffers.Binary;
using PageStore.Fuzz;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>The client of NBD, against servers that say what a script has them say.</summary>
public sealed class NbdDiskTests
{
    private const ushort Done = 1;
    private const uint Length = 10_000;
    private const byte Last = 0;

    /// <summary>The scripts of the theories below by their names: what a theory is given must be text.</summary>
    private static readonly Dictionary<string, (byte Kind, byte[] Bytes)[]> Cases = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_asked_in_the_handshake_is_what_the_protocol_says()
    {
        NbdScript server = Server(Plain(
            NbdParts.Greeting(), NbdParts.Ack(8), NbdParts.Context(7, "base:allocation"), NbdParts.Context(9, "qemu:dirty-bitmap:b0"), NbdParts.Ack(10),
            NbdParts.Option(7, 3, [0, 9, 1, 2, 3]), NbdParts.Blocks(512, 4096, 1 << 20), NbdParts.Export(Length / 512 * 512), NbdParts.Ack(7)));
        await using (NbdDisk disk = await OpenAsync(server, "b0"))
        {
            Assert.Equal((9728, 512, 1 << 20, "b0", "disk", "the server"), (disk.Length, disk.Alignment, disk.MaxReadBytes, disk.Bitmap, disk.Export, disk.Name));
            await disk.BeginReadAsync(512, new byte[1024], Cancellation);
        }

        byte[][] expected =
        [
            [0, 0, 0, 3],
            [.. "IHAVEOPT"u8, 0, 0, 0, 8, 0, 0, 0, 0],
            [.. "IHAVEOPT"u8, 0, 0, 0, 10, 0, 0, 0, 55, 0, 0, 0, 4, .. "disk"u8, 0, 0, 0, 2, 0, 0, 0, 15, .. "base:allocation"u8, 0, 0, 0, 20, .. "qemu:dirty-bitmap:b0"u8],
            [.. "IHAVEOPT"u8, 0, 0, 0, 7, 0, 0, 0, 12, 0, 0, 0, 4, .. "disk"u8, 0, 1, 0, 3],
            [0x25, 0x60, 0x95, 0x13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 4, 0],
            [0x25, 0x60, 0x95, 0x13, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ];
        Assert.Equal(expected, server.Asked);
    }

    [Fact]
    public async Task A_server_without_chunks_is_all_data_and_answers_as_it_likes()
    {
        byte[] content = Content();
        NbdScript server = Server([
            .. Plain(NbdParts.Greeting(1), NbdParts.Option(8, 0x80000001), NbdParts.Export(Length), NbdParts.Ack(7)),
            (Last, NbdParts.Simple(0, content[6000..])), (1, NbdParts.Simple(0, content[..6000]))]);
        await using NbdDisk disk = await OpenAsync(server);
        Assert.Equal([new DiskExtent(DiskExtentKind.Data, 0, Length)], await ExtentsAsync(disk));
        Assert.Equal(content, await ReadAsync(disk, 6000, 4000));
        Assert.Equal([0, 0, 0, 1], server.Asked[0]);
    }

    [Theory]
    [InlineData(0, 1, 2, 3)]
    [InlineData(3, 2, 1, 0)]
    [InlineData(2, 0, 3, 1)]
    public async Task Pieces_of_reads_come_in_any_order(params int[] order)
    {
        byte[] content = Content();
        content.AsSpan(6000, 1000).Clear();
        (byte Kind, byte[] Bytes)[] pieces =
        [
            (1, NbdParts.Data(0, 0, content[..2500])), (1, NbdParts.Data(0, 2500, content[2500..6000])),
            (Last, NbdParts.Hole(0, 6000, 1000)), (Last, NbdParts.Data(0, 7000, content[7000..])),
        ];
        NbdScript server = Server([.. Start(), .. order.Select(i => pieces[i]), (Last, NbdParts.Chunk(Done, 0)), (1, NbdParts.Chunk(Done, 0))]);
        await using NbdDisk disk = await OpenAsync(server);
        Assert.Equal(content, await ReadAsync(disk, 6000, 4000));
    }

    [Fact]
    public async Task The_map_is_put_together_however_far_each_answer_goes()
    {
        NbdScript server = Server([
            .. Start("b0"),
            (Last, NbdParts.Status(0, 2, (1000, 1), (500, 0))), (Last, NbdParts.Status(Done, 1, (4096, 0))),
            (Last, NbdParts.Status(0, 1, (3000, 3), (9, 0))), (Last, NbdParts.Status(0, 2, (uint.MaxValue, 1))), (Last, NbdParts.Chunk(Done, 0)),
            (Last, NbdParts.Status(0, 1, (1, 2), (1 << 20, 1))), (Last, NbdParts.Status(Done, 2, (7, 0))),
            (Last, NbdParts.Status(0, 2, (Length, 0))), (Last, NbdParts.Status(Done, 1, (Length, 3)))]);
        await using NbdDisk disk = await OpenAsync(server, "b0");
        using DiskMap map = await DiskMap.ReadAsync(disk, 4096, Cancellation);

        // Each question begins where the context ended that went less far: 1500 + 3009, and 7 more.
        Assert.Equal([0L, 1, 2], Numbers(map.Data));
        Assert.Equal([0L, 1, 2], Numbers(map.Changed));
        long[] offsets = [.. server.Asked.Where(asked => asked.Length == 28 && asked[0] == 0x25).Select(asked => BinaryPrimitives.ReadInt64BigEndian(asked.AsSpan(16)))];
        Assert.Equal([0, 1500, 4509, 4516], offsets);
    }

    [Fact]
    public async Task What_the_server_cannot_read_is_told_and_the_next_read_goes_on()
    {
        byte[] content = Content();
        NbdScript server = Server([
            .. Start(), (1, NbdParts.Data(0, 0, content[..100])), (1, NbdParts.Error(0, 5, "the disk\u001b[2J is on fire")), (1, NbdParts.Chunk(Done, 0)), (Last, NbdParts.Data(Done, 6000, content[6000..]))]);
        await using NbdDisk disk = await OpenAsync(server);
        byte[] first = new byte[6000];
        byte[] second = new byte[4000];
        await disk.BeginReadAsync(0, first, Cancellation);
        await disk.BeginReadAsync(6000, second, Cancellation);
        StorageException failure = await Assert.ThrowsAsync<StorageException>(() => disk.EndReadAsync(Cancellation).AsTask());
        Assert.Contains("the disk [2J is on fire (error 5)", failure.Message, StringComparison.Ordinal);
        await disk.EndReadAsync(Cancellation);
        Assert.Equal(content[6000..], second);
        await Assert.ThrowsAsync<InvalidOperationException>(() => disk.EndReadAsync(Cancellation).AsTask());
    }

    public static TheoryData<string, string> BrokenHandshakes { get; } = Named(
        ("no magic", "NBDMAGIC", Plain([.. "HTTP/1.1 400 Bad Request\r\n"u8])),
        ("second word", "second word", Plain([.. "NBDMAGIC"u8, .. new byte[8]])),
        ("reply magic", "another magic", Plain(NbdParts.Greeting(), new byte[20])),
        ("reply to another option", "option 9", Plain(NbdParts.Greeting(), NbdParts.Ack(9))),
        ("reply of 4 GiB", "4294967295 bytes", Plain(NbdParts.Greeting(), [.. NbdParts.Be(0x3e889045565a9ul), .. NbdParts.Be(8u), .. NbdParts.Be(1u), .. NbdParts.Be(uint.MaxValue)])),
        ("reply of another type", "type 3", Plain(NbdParts.Greeting(), NbdParts.Option(8, 3))),
        ("context without a number", "context of 3 bytes", Plain(NbdParts.Greeting(), NbdParts.Ack(8), NbdParts.Option(10, 4, 0, 0, 0))),
        ("context not asked for", "\"base:other\"", Plain(NbdParts.Greeting(), NbdParts.Ack(8), NbdParts.Context(1, "base:other"))),
        ("context twice", "comes twice", Plain(NbdParts.Greeting(), NbdParts.Ack(8), NbdParts.Context(1, "base:allocation"), NbdParts.Context(2, "base:allocation"))),
        ("contexts of one number", "comes twice", Plain(NbdParts.Greeting(), NbdParts.Ack(8), NbdParts.Context(1, "base:allocation"), NbdParts.Context(1, "qemu:dirty-bitmap:b0"))),
        ("no end of information", "an end of what it says", Plain([NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), .. Enumerable.Repeat(NbdParts.Export(Length), 100)])),
        ("no length", "how long", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Ack(7))),
        ("negative length", "18446744073709551615", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Export(ulong.MaxValue), NbdParts.Ack(7))),
        ("no flags", "wrong length", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Export(Length, 0), NbdParts.Ack(7))),
        ("short information", "wrong length, 3", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Option(7, 3, 0, 0, 0))),
        ("blocks of 0", "blocks of 0", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Blocks(0, 4096, 1 << 20), NbdParts.Export(Length), NbdParts.Ack(7))),
        ("blocks of 3", "blocks of 3", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Blocks(3, 4096, 1 << 20), NbdParts.Export(9), NbdParts.Ack(7))),
        ("blocks of 128 KiB", "blocks of 131072", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Blocks(1 << 17, 1 << 17, 1 << 20), NbdParts.Export(1 << 20), NbdParts.Ack(7))),
        ("a part of a block", "in an export of 10000", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Blocks(512, 4096, 1 << 20), NbdParts.Export(Length), NbdParts.Ack(7))));

    [Theory]
    [MemberData(nameof(BrokenHandshakes))]
    public async Task A_handshake_that_breaks_the_rules_is_refused(string what, string says)
    {
        NbdScript server = Server(Cases[what]);
        CorruptDataException broken = await Assert.ThrowsAsync<CorruptDataException>(() => OpenAsync(server, what.StartsWith("context", StringComparison.Ordinal) ? "b0" : null));
        Assert.Contains(says, broken.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> BrokenReads { get; } = Named(
        ("reply magic", "0x00000000", [(NbdParts.Plain, new byte[16])]),
        ("simple reply", "0x67446698", [(Last, NbdParts.Simple(0))]),
        ("request that never was", "not under way", [(NbdParts.Plain, NbdParts.ChunkOf(77, Done, 0, []))]),
        ("request that is done", "not under way", [(Last, NbdParts.Data(Done, 0, Content())), (1, NbdParts.Chunk(Done, 0))]),
        ("unknown chunk", "type 77", [(Last, NbdParts.Chunk(0, 77))]),
        ("status", "type 5", [(Last, NbdParts.Status(0, 1, (1, 1)))]),
        ("end that is none", "type 0", [(Last, NbdParts.Chunk(0, 0))]),
        ("end with something", "type 0", [(Last, NbdParts.Chunk(Done, 0, 1))]),
        ("data without content", "type 1 and 8", [(Last, NbdParts.Data(0, 0))]),
        ("data before", "were not asked for", [(Last, NbdParts.Data(0, ulong.MaxValue, 1))]),
        ("data behind", "were not asked for", [(Last, NbdParts.Data(0, Length - 1, 1, 2))]),
        ("data of 4 GiB", "were not asked for", [(Last, [.. NbdParts.Be(0x668e33efu), 0, 0, 0, 1, .. NbdParts.Be(0ul), .. NbdParts.Be(uint.MaxValue), .. NbdParts.Be(0ul)])]),
        ("data twice", "come twice", [(Last, NbdParts.Data(0, 100, 1, 2, 3)), (Last, NbdParts.Data(0, 102, 1))]),
        ("data over data", "come twice", [(Last, NbdParts.Data(0, 100, 1)), (Last, NbdParts.Data(0, 99, 1, 2, 3))]),
        ("hole of nothing", "0 bytes at 0", [(Last, NbdParts.Hole(0, 0, 0))]),
        ("hole behind", "were not asked for", [(Last, NbdParts.Hole(0, 1, Length))]),
        ("hole of another form", "type 2 and 13", [(Last, NbdParts.Chunk(0, 2, new byte[13]))]),
        ("too many pieces", "too many pieces", [.. Enumerable.Range(0, 1025).Select(i => (Last, NbdParts.Data(0, 2 * (ulong)i, 1)))]),
        ("not all", "not all of it came", [(Last, NbdParts.Data(Done, 1, Content()[1..]))]),
        ("nothing", "not all of it came", [(Last, NbdParts.Chunk(Done, 0))]),
        ("short error", "error of 5 bytes", [(Last, NbdParts.Chunk(0, 0x8001, new byte[5]))]),
        ("long error", "error of 5000 bytes", [(Last, NbdParts.Chunk(0, 0x8001, new byte[5000]))]),
        ("error with too long a text", "text of 2", [(Last, NbdParts.Chunk(0, 0x8001, 0, 0, 0, 5, 0, 2, 65))]));

    [Theory]
    [MemberData(nameof(BrokenReads))]
    public async Task A_reply_that_breaks_the_rules_is_refused(string what, string says)
    {
        NbdScript server = Server([.. Start(), .. Cases[what]]);
        await using NbdDisk disk = await OpenAsync(server);
        CorruptDataException broken = await Assert.ThrowsAsync<CorruptDataException>(async () =>
        {
            await ReadAsync(disk, (int)Length);
            await ReadAsync(disk, (int)Length);
        });
        Assert.Contains(says, broken.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> BrokenMaps { get; } = Named(
        ("extent of nothing", "extent of 0 bytes at 5", [(Last, NbdParts.Status(0, 1, (5, 0), (0, 0)))]),
        ("extent behind the end", "at 10000", [(Last, NbdParts.Status(0, 1, (Length, 0), (1, 0)))]),
        ("no extent", "and 4 bytes", [(Last, NbdParts.Status(Done, 1))]),
        ("half an extent", "and 16 bytes", [(Last, NbdParts.Chunk(Done, 5, new byte[16]))]),
        ("8 MiB of extents and one more", "and 8388620 bytes", [(Last, [.. NbdParts.Be(0x668e33efu), 0, 1, 0, 5, .. NbdParts.Be(0ul), .. NbdParts.Be(8388620u)])]),
        ("another context", "context 3", [(Last, NbdParts.Status(Done, 3, (Length, 0)))]),
        ("context twice", "context 1", [(Last, NbdParts.Status(0, 1, (Length, 0))), (Last, NbdParts.Status(Done, 1, (Length, 0)))]),
        ("one context of two", "not the only one", [(Last, NbdParts.Status(Done, 1, (Length, 0)))]),
        ("data", "type 1", [(Last, NbdParts.Data(Done, 0, 1))]),
        ("end at once", "type 0", [(Last, NbdParts.Chunk(Done, 0))]),
        ("more behind the end", "behind the last one", [(Last, NbdParts.Status(0, 1, (Length, 0))), (Last, NbdParts.Status(0, 2, (Length, 0))), (Last, NbdParts.Status(Done, 2, (Length, 0)))]),
        ("another request", "not under way", [(1, NbdParts.Status(Done, 1, (Length, 0)))]),
        ("simple success", "without any extent", [(Last, NbdParts.Simple(0))]),
        ("magic", "0x00000000", [(NbdParts.Plain, new byte[4])]));

    [Theory]
    [MemberData(nameof(BrokenMaps))]
    public async Task A_map_that_breaks_the_rules_is_refused(string what, string says)
    {
        NbdScript server = Server([.. Start("b0"), .. Cases[what]]);
        await using NbdDisk disk = await OpenAsync(server, "b0");
        CorruptDataException broken = await Assert.ThrowsAsync<CorruptDataException>(() => ExtentsAsync(disk));
        Assert.Contains(says, broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_cannot_do_what_is_needed_is_refused_by_name()
    {
        await RefusedAsync<UnsupportedException>("oldstyle", Plain([.. "NBDMAGIC"u8, .. NbdParts.Be(0x00420281861253ul)]));
        await RefusedAsync<UnsupportedException>("fixed newstyle", Plain(NbdParts.Greeting(2)));
        await RefusedAsync<UnsupportedException>("TLS", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000005, [.. "only with TLS"u8])));
        await RefusedAsync<UnsupportedException>("NBD_OPT_GO", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Option(7, 0x80000001)));
        await RefusedAsync<UnsupportedException>("more than 4096 bytes", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Blocks(1, 4096, 4096), NbdParts.Export(Length), NbdParts.Ack(7)));
        await RefusedAsync<KeyNotFoundException>("no export \"disk\"", Plain(NbdParts.Greeting(), NbdParts.Ack(8), NbdParts.Option(10, 0x80000006, [.. "none"u8])));
        await RefusedAsync<KeyNotFoundException>("no export \"disk\"", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Option(7, 0x80000006)));
        await RefusedAsync<StorageException>("0x80000002", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Option(7, 0x80000002)));
        await RefusedAsync<StorageException>("is empty", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Export(0), NbdParts.Ack(7)));
        await RefusedAsync<KeyNotFoundException>("no bitmap \"b0\"", Plain(NbdParts.Greeting(), NbdParts.Ack(8), NbdParts.Context(1, "base:allocation"), NbdParts.Ack(10)), "b0");
        await RefusedAsync<KeyNotFoundException>("no bitmap \"b0\"", Plain(NbdParts.Greeting(), NbdParts.Ack(8), NbdParts.Context(1, "qemu:dirty-bitmap:b0"), NbdParts.Option(10, 0x80000001)), "b0");
        await RefusedAsync<KeyNotFoundException>("no bitmap \"b0\"", Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001)), "b0");
    }

    [Fact]
    public async Task Questions_keep_to_the_blocks_that_the_server_wants()
    {
        NbdScript server = Server([
            .. Plain(
                NbdParts.Greeting(), NbdParts.Ack(8), NbdParts.Context(1, "base:allocation"), NbdParts.Ack(10), NbdParts.Blocks(512, 4096, 1 << 20), NbdParts.Export(5120), NbdParts.Ack(7)),
            (Last, NbdParts.Status(Done, 1, (1000, 0))), (Last, NbdParts.Status(Done, 1, (511, 0)))]);
        await using NbdDisk disk = await OpenAsync(server);
        Assert.Contains("an answer of 511 bytes", (await Assert.ThrowsAsync<CorruptDataException>(() => ExtentsAsync(disk))).Message, StringComparison.Ordinal);
        Assert.Equal(512, BinaryPrimitives.ReadInt64BigEndian(server.Asked[^1].AsSpan(16)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_status_that_fails_is_told(bool simple)
    {
        NbdScript server = Server([.. Start(), (Last, simple ? NbdParts.Simple(22) : NbdParts.Error(Done, 22, "no idea"))]);
        await using NbdDisk disk = await OpenAsync(server);
        Assert.Contains("22", (await Assert.ThrowsAsync<StorageException>(() => ExtentsAsync(disk))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_end_of_the_connection_is_told_wherever_it_comes()
    {
        (byte Kind, byte[] Bytes)[] talk =
        [
            .. Start("b0"), (Last, NbdParts.Status(0, 1, (Length, 0))), (Last, NbdParts.Status(Done, 2, (Length, 0))), (Last, NbdParts.Data(Done, 0, Content())),
        ];
        int total = talk.Sum(part => part.Bytes.Length);
        for (int length = 0; length < total; length += length < 400 ? 1 : 97)
        {
            int cut = length;
            StorageException end = await Assert.ThrowsAsync<StorageException>(() => WholeAsync(Server(Cut(talk, cut))));
            Assert.Contains($"after {length} bytes", end.Message, StringComparison.Ordinal);
        }

        Assert.Equal(Content(), await WholeAsync(Server(talk)));
    }

    [Fact]
    public async Task Silence_has_an_end()
    {
        var clock = new AlarmClock();
        var silent = new NbdScript([.. Start()], 0) { AtEnd = clock.RingDuring };
        await using NbdDisk disk = await NbdDisk.OpenAsync(silent, "the server", "disk", new NbdOptions { Timeout = TimeSpan.FromSeconds(7), Clock = clock }, Cancellation);
        Assert.Contains("silent for 7 s", (await Assert.ThrowsAsync<StorageException>(() => ReadAsync(disk, 512))).Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(7), clock.Due);
    }

    [Fact]
    public async Task Waiting_is_cancelled()
    {
        using var stop = new CancellationTokenSource();
        var silent = new NbdScript([.. Start()], 0)
        {
            AtEnd = async token =>
            {
                await stop.CancelAsync();
                await Task.Delay(Timeout.InfiniteTimeSpan, token);
                return 0;
            },
        };
        await using NbdDisk disk = await OpenAsync(silent);
        await disk.BeginReadAsync(0, new byte[512], stop.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => disk.EndReadAsync(stop.Token).AsTask());
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_told()
    {
        string nowhere = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        StorageException missing = await Assert.ThrowsAsync<StorageException>(() => NbdDisk.OpenAsync(NbdUri.Parse($"nbd+unix:///?socket={nowhere}"), cancellationToken: Cancellation));
        Assert.Contains("Cannot connect to nbd+unix:///", missing.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StorageException>(() => NbdDisk.OpenAsync(NbdUri.Parse($"nbd+unix:///?socket={new string('x', 300)}"), cancellationToken: Cancellation));
    }

    /// <summary>Keeps scripts under a name and what the refusal of each must say.</summary>
    private static TheoryData<string, string> Named(params (string Name, string Says, (byte Kind, byte[] Bytes)[] Parts)[] cases)
    {
        var data = new TheoryData<string, string>();
        foreach ((string name, string says, (byte Kind, byte[] Bytes)[] parts) in cases)
        {
            string unique = $"{name}: {says}";
            Cases[unique] = parts;
            data.Add(unique, says);
        }

        return data;
    }

    private static async Task RefusedAsync<TException>(string says, (byte Kind, byte[] Bytes)[] parts, string? bitmap = null)
        where TException : Exception =>
        Assert.Contains(says, (await Assert.ThrowsAsync<TException>(() => OpenAsync(Server(parts), bitmap))).Message, StringComparison.Ordinal);

    private static NbdScript Server((byte Kind, byte[] Bytes)[] parts) => new(parts, pieces: 0);

    private static Task<NbdDisk> OpenAsync(NbdScript server, string? bitmap = null) => NbdDisk.OpenAsync(server, "the server", "disk", new NbdOptions { Bitmap = bitmap }, Cancellation);

    private static async Task<byte[]> WholeAsync(NbdScript server)
    {
        await using NbdDisk disk = await OpenAsync(server, "b0");
        await ExtentsAsync(disk);
        return await ReadAsync(disk, (int)Length);
    }

    private static async Task<DiskExtent[]> ExtentsAsync(NbdDisk disk)
    {
        List<DiskExtent> extents = [];
        await foreach (DiskExtent extent in disk.ReadExtentsAsync(Cancellation))
        {
            extents.Add(extent);
        }

        return [.. extents];
    }

    /// <summary>Reads the disk from its beginning on, by reads of these lengths that are all under way together.</summary>
    private static async Task<byte[]> ReadAsync(NbdDisk disk, params int[] lengths)
    {
        byte[] content = new byte[lengths.Sum()];
        content.AsSpan().Fill(0xCC);
        int at = 0;
        foreach (int length in lengths)
        {
            await disk.BeginReadAsync(at, content.AsMemory(at, length), Cancellation);
            at += length;
        }

        foreach (int length in lengths)
        {
            await disk.EndReadAsync(Cancellation);
        }

        return content;
    }

    private static long[] Numbers(PageBitmap pages)
    {
        List<long> numbers = [];
        foreach (Pfn pfn in pages.SetBits())
        {
            numbers.Add(pfn.Value);
        }

        return [.. numbers];
    }

    private static (byte Kind, byte[] Bytes)[] Start(string? bitmap = null) => Plain([
        NbdParts.Greeting(), NbdParts.Ack(8), NbdParts.Context(1, "base:allocation"), .. bitmap is null ? (byte[][])[] : [NbdParts.Context(2, "qemu:dirty-bitmap:" + bitmap)], NbdParts.Ack(10),
        NbdParts.Export(Length), NbdParts.Ack(7)]);

    private static (byte Kind, byte[] Bytes)[] Plain(params byte[][] parts) => [.. parts.Select(part => (NbdParts.Plain, part))];

    private static (byte Kind, byte[] Bytes)[] Cut((byte Kind, byte[] Bytes)[] talk, int length)
    {
        List<(byte, byte[])> parts = [];
        foreach ((byte kind, byte[] bytes) in talk)
        {
            parts.Add((kind, bytes[..Math.Min(bytes.Length, length)]));
            length -= Math.Min(bytes.Length, length);
        }

        return [.. parts];
    }

    private static byte[] Content()
    {
        byte[] content = new byte[Length];
        new Random(7).NextBytes(content);
        return content;
    }

    /// <summary>A clock whose one alarm goes off when a test has it.</summary>
    private sealed class AlarmClock : TimeProvider
    {
        private TimerCallback? _callback;
        private object? _state;

        public TimeSpan Due { get; private set; }

        public async ValueTask<int> RingDuring(CancellationToken cancellationToken)
        {
            _callback!(_state);
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return 0;
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_callback, _state) = (callback, state);
            return new Alarm(this);
        }

        private sealed class Alarm(AlarmClock clock) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                clock.Due = dueTime == Timeout.InfiniteTimeSpan ? clock.Due : dueTime;
                return true;
            }

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
