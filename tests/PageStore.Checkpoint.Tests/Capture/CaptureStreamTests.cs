using System.Buffers.Binary;
using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What goes through a stream arrives as the same epochs, each as soon as it was sent, and as one that can run again only where the state for that came with it.</summary>
public sealed class CaptureStreamTests : IDisposable
{
    private const int Pages = 600;
    private const int Epochs = 4;

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => File.Delete(_path);

    [Property(MaxTest = 15)]
    public void Each_epoch_arrives_as_the_guest_at_its_pause(int seed, byte writesPerCopy, bool smallBuffers)
    {
        using var guest = new SimulatedGuest(4 * Pages, 4096, seed, writesPerCopy % 40);
        guest.Run(1000);
        using var output = new MemoryStream();
        var random = new Random(seed);
        List<(byte[] Image, HashSet<long> Holes)> sent = [];
        Send(guest, output, new CaptureOptions { BufferBytes = smallBuffers ? 1 << 20 : 16 << 20 }, () =>
        {
            // Pages become holes and holes become pages, as a balloon makes them.
            sent.Add((guest.AtResume, [.. guest.Holes]));
            long first = random.Next(4 * Pages);
            guest.Change(first, isHole: random.Next(2) == 0);
            guest.Run(sent.Count * 100);
        });
        ImportReport report = Import(output.ToArray());
        Assert.Equal((Epochs, false), (report.Epochs, report.IsCutOff));

        using CheckpointReader reader = CheckpointReader.Open(_path);
        for (int i = 0; i < Epochs; i++)
        {
            using Epoch epoch = reader.OpenEpoch(new EpochId(i + 1));
            Assert.Equal((4 * Pages, EpochConsistency.Paused), (epoch.PageCount, epoch.Info.Consistency));
            byte[] image = (byte[])sent[i].Image.Clone();
            foreach (long hole in sent[i].Holes)
            {
                image.AsSpan((int)hole * 4096, 4096).Clear();
                Assert.Equal(GuestPageType.Absent, epoch.GetPageInfo(new Pfn(hole)).Type);
            }

            byte[] arrived = new byte[image.Length];
            epoch.ReadPages(new Pfn(0), arrived);
            Assert.True(arrived.AsSpan().SequenceEqual(image), $"epoch {i + 1} is not the guest at its pause");
            Assert.Equal(sent[i].Holes.Count, epoch.Info.PagesAbsent);
        }
    }

    [Fact]
    public void The_stream_is_what_the_specification_says()
    {
        using var guest = new SimulatedGuest(3000, 4096, 1, writesPerCopy: 3);
        guest.Holes.UnionWith(Enumerable.Range(2000, 1000).Select(pfn => (long)pfn));
        guest.Run(2000);
        using var output = new MemoryStream();
        Send(guest, output, new CaptureOptions(), () => guest.Run(100));
        byte[] bytes = output.ToArray();

        // Marker, id, version 3, no options; HVM, page shift 12.
        Assert.Equal("FFFFFFFFFFFFFFFF58454E4600000003000000000000000002000000" + "0C000000" + "0000000000000000", Convert.ToHexString(bytes[..40]));
        List<uint> types = [];
        int at = 40;
        while (at < bytes.Length)
        {
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));
            int length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at + 4));
            types.Add(type);
            if (type == 1)
            {
                AssertAscending(bytes.AsSpan(at + 8, length));
            }

            at += 8 + length;
        }

        Assert.Equal((0x10u, 0u, 0xEu), (types[0], types[^1], types[^2]));
        Assert.Equal(Epochs, types.Count(type => type == 0xE));
        Assert.All(types[1..^1], type => Assert.True(type is 1 or 0xE));
    }

    [Fact]
    public void An_epoch_with_the_state_of_its_processors_can_run_again_and_the_next_one_without_cannot()
    {
        using var guest = new SimulatedGuest(Pages, 4096, 2, writesPerCopy: 0);
        guest.Run(500);
        byte[] state = new XenStreamWriter().Record(8, new byte[24]).Record(9, new byte[100]).Record(0xA, new byte[24]).Record(0).ToArray();
        byte[] clockOnly = new XenStreamWriter().Record(8, new byte[24]).Record(0).ToArray();
        var states = new States(new Queue<IReadOnlyList<GuestStateSection>?>([null, [new(XenSections.LibxcState, state)], null, [new(XenSections.LibxcState, clockOnly)]]));
        using var output = new MemoryStream();
        Send(guest, output, new CaptureOptions { WhilePaused = [states] }, () => guest.Run(20));
        Import(output.ToArray());

        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Equal(
            [EpochConsistency.Paused, EpochConsistency.Restorable, EpochConsistency.Paused, EpochConsistency.Paused],
            reader.Epochs().Select(epoch => epoch.Consistency));
        using Epoch restorable = reader.OpenEpoch(new EpochId(2));
        Assert.Equal(state, Section(restorable, XenSections.LibxcState));
        foreach (long paused in (long[])[1, 3, 4])
        {
            using Epoch epoch = reader.OpenEpoch(new EpochId(paused));
            Assert.Throws<UnsupportedException>(() => XenExporter.ToFile(epoch, _path + ".xl", new XenExportOptions { Format = ImageFormat.LibxcStream }, cancellationToken: Cancellation));
        }
    }

    [Fact]
    public void With_the_state_before_its_pages_the_stream_has_the_layers_of_xl_and_its_epochs_all_sections()
    {
        using var guest = new SimulatedGuest(Pages, 4096, 2, writesPerCopy: 0);
        guest.Run(500);
        IReadOnlyList<GuestStateSection> sections = XenStateSections.Of(StateOf(tsc: 1));
        var states = new States(new Queue<IReadOnlyList<GuestStateSection>?>([XenStateSections.Of(StateOf(tsc: 2)), null, XenStateSections.Of(StateOf(tsc: 3))]));
        using var output = new MemoryStream();
        using (var stream = new CaptureStream(output, sections))
        {
            using (var capture = GuestCapture.IntoStream(stream, guest, guest, guest, new CaptureOptions { WhilePaused = [states] }))
            {
                for (int epoch = 1; epoch <= 3; epoch++)
                {
                    capture.Capture();
                    guest.Run(20);
                }
            }

            stream.End();
        }

        ImportReport report = Import(output.ToArray());

        Assert.Equal((3, false, ImageFormat.XlSave), (report.Epochs, report.IsCutOff, report.Format));
        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Equal([EpochConsistency.Restorable, EpochConsistency.Paused, EpochConsistency.Restorable], reader.Epochs().Select(epoch => epoch.Consistency));
        foreach ((long id, ulong tsc) in ((long, ulong)[])[(1, 2), (3, 3)])
        {
            using Epoch epoch = reader.OpenEpoch(new EpochId(id));
            Assert.Equal(XenStateSections.Of(StateOf(tsc)).Select(section => (section.Name, Convert.ToHexString(section.Content.Span))), epoch.Info.States.Select(state => (state.Name, Convert.ToHexString(Section(epoch, state.Name)))));
        }

        using Epoch paused = reader.OpenEpoch(new EpochId(2));
        Assert.Throws<UnsupportedException>(() => XenExporter.ToFile(paused, _path + ".xl", cancellationToken: Cancellation));
    }

    [Fact]
    public void What_a_state_has_behind_its_pages_arrives_with_each_checkpoint()
    {
        using var guest = new SimulatedGuest(Pages, 4096, 2, writesPerCopy: 0);
        byte[][] tails = [.. Enumerable.Range(1, 2).Select(i => new XenStreamWriter().Record(2, new byte[8 + i]).Record(0).ToArray())];
        IReadOnlyList<GuestStateSection> StateWith(byte[] tail) => [.. XenStateSections.Of(StateOf(tsc: 1)).Where(section => section.Name != XenSections.LibxlTail), new(XenSections.LibxlTail, tail)];
        var states = new States(new Queue<IReadOnlyList<GuestStateSection>?>(tails.Select(StateWith)));
        using var output = new MemoryStream();
        using (var stream = new CaptureStream(output, StateWith(tails[0])))
        {
            using (var capture = GuestCapture.IntoStream(stream, guest, guest, guest, new CaptureOptions { WhilePaused = [states] }))
            {
                capture.Capture();
                capture.Capture();
            }

            stream.End();
        }

        Import(output.ToArray());
        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Equal(tails, reader.Epochs().Select(info => Section(reader.OpenEpoch(info.Id), XenSections.LibxlTail)));
    }

    [Theory]
    [InlineData(XenSections.LibxcState)]
    [InlineData(XenSections.LibxlTail)]
    public void A_state_that_does_not_end_as_one_is_refused_before_it_is_sent(string name)
    {
        using var guest = new SimulatedGuest(Pages, 4096, 2, writesPerCopy: 0);
        var states = new States(new Queue<IReadOnlyList<GuestStateSection>?>([[new(name, new XenStreamWriter().Record(8, new byte[23]).Raw(1).ToArray())]]));
        using var stream = new CaptureStream(new MemoryStream(), XenStateSections.Of(StateOf(tsc: 1)));
        using var capture = GuestCapture.IntoStream(stream, guest, guest, guest, new CaptureOptions { WhilePaused = [states] });
        Assert.Contains($"\"{name}\" does not end with an END record", Assert.Throws<ArgumentException>(() => capture.Capture()).Message, StringComparison.Ordinal);
        Assert.False(guest.Paused);
    }

    [Fact]
    public void Sections_that_the_stream_has_no_place_for_are_refused()
    {
        using var guest = new SimulatedGuest(Pages, 4096, 2, writesPerCopy: 0);
        var states = new States(new Queue<IReadOnlyList<GuestStateSection>?>([XenStateSections.Of(StateOf(tsc: 1))]));
        using var stream = new CaptureStream(new MemoryStream());
        using var capture = GuestCapture.IntoStream(stream, guest, guest, guest, new CaptureOptions { WhilePaused = [states] });
        Assert.Throws<NotSupportedException>(() => capture.Capture());
        Assert.False(guest.Paused);
    }

    [Fact]
    public void Wherever_the_reader_goes_away_the_guest_goes_on_and_whole_epochs_have_arrived()
    {
        var random = new Random(3);
        for (int i = 0; i < 20; i++)
        {
            using var guest = new SimulatedGuest(Pages, 4096, i, writesPerCopy: 2);
            guest.Run(800);
            using var output = new ClosedPipe(random.Next(Pages * 4096 * 3 / 2));
            List<byte[]> sent = [];
            StorageException broken = Assert.Throws<StorageException>(() => Send(guest, output, new CaptureOptions(), () =>
            {
                sent.Add(guest.AtResume);
                guest.Run(150);
            }));
            Assert.Contains("Broken pipe", broken.Message, StringComparison.Ordinal);
            Assert.Equal((false, false), (guest.Paused, guest.Tracking));
            if (sent.Count == 0)
            {
                Assert.Throws<CorruptDataException>(() => Import(output.ToArray()));
                Assert.False(File.Exists(_path));
                continue;
            }

            ImportReport report = Import(output.ToArray());
            Assert.Equal((sent.Count, true), (report.Epochs, report.IsCutOff));
            using CheckpointReader reader = CheckpointReader.Open(_path);
            byte[] image = new byte[Pages * 4096];
            using Epoch newest = reader.OpenNewest();
            newest.ReadPages(new Pfn(0), image);
            Assert.True(image.AsSpan().SequenceEqual(sent[^1]));
        }
    }

    [Fact]
    public void A_stream_without_an_epoch_has_no_end()
    {
        using var output = new MemoryStream();
        using var stream = new CaptureStream(output);
        stream.End();
        Assert.Equal(0, output.Length);
    }

    [Fact]
    public void A_guest_of_other_pages_is_refused()
    {
        using var guest = new SimulatedGuest(8, 8192, 1, 0);
        using var stream = new CaptureStream(new MemoryStream());
        Assert.Throws<ArgumentException>(() => GuestCapture.IntoStream(stream, guest, guest, guest));
    }

    [Fact]
    public void A_stream_has_no_place_for_packs()
    {
        using var guest = new SimulatedGuest(8, 4096, 1, 0);
        using var stream = new CaptureStream(new MemoryStream());
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(new MemoryFile()), new CheckpointWriterOptions());
        using var packs = new PackKeeper(writer, new TouchedPages());
        Assert.Throws<ArgumentException>(() => GuestCapture.IntoStream(stream, guest, guest, guest, new CaptureOptions { Packs = packs }));
    }

    private static void Send(SimulatedGuest guest, Stream output, CaptureOptions options, Action sent)
    {
        using var stream = new CaptureStream(output);
        using (var capture = GuestCapture.IntoStream(stream, guest, guest, guest, options))
        {
            for (int epoch = 1; epoch <= Epochs; epoch++)
            {
                EpochReport report = capture.Capture();
                Assert.Equal((new EpochId(epoch), epoch), (report.Epoch.Id, stream.Checkpoints));
                sent();
            }
        }

        stream.End();
    }

    private ImportReport Import(byte[] bytes)
    {
        File.Delete(_path);
        return ImageImporter.ImportAsync(new MemoryStream(bytes), _path, cancellationToken: Cancellation).GetAwaiter().GetResult();
    }

    private static void AssertAscending(ReadOnlySpan<byte> body)
    {
        int count = BinaryPrimitives.ReadInt32LittleEndian(body);
        Assert.InRange(count, 1, 1024);
        long last = -1;
        for (int i = 0; i < count; i++)
        {
            long pfn = (long)(BinaryPrimitives.ReadUInt64LittleEndian(body[(8 + (8 * i))..]) & ((1UL << 52) - 1));
            Assert.True(pfn > last, $"page {pfn} comes behind page {last}");
            last = pfn;
        }
    }

    private static byte[] Section(Epoch epoch, string name)
    {
        using Stream section = epoch.OpenState(name);
        byte[] bytes = new byte[section.Length];
        section.ReadExactly(bytes);
        return bytes;
    }

    internal static XenGuestState StateOf(ulong tsc) => new()
    {
        XenMajor = 4,
        XenMinor = 17,
        TscMode = 1,
        TscKhz = 2,
        TscNanoseconds = tsc,
        TscIncarnation = 3,
        HvmContext = new byte[100],
        HvmParameters = [new(1, 2)],
        CpuidPolicy = new byte[24],
        MsrPolicy = new byte[16],
        Configuration = "{}"u8.ToArray(),
    };

    private sealed class States(Queue<IReadOnlyList<GuestStateSection>?> states) : IPausedWork
    {
        public Task RunAsync(EpochId epoch, CancellationToken abandoned) => Task.CompletedTask;

        public IEnumerable<(string Name, ReadOnlyMemory<byte> Content)> TakeStates() =>
            states.Dequeue()?.Select(section => (section.Name, section.Content)) ?? [];
    }

    /// <summary>A pipe whose reader takes so many bytes and is gone.</summary>
    private sealed class ClosedPipe(int bytes) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int taken = (int)Math.Min(buffer.Length, bytes - Length);
            Write(buffer.Span[..taken]);
            return taken == buffer.Length ? ValueTask.CompletedTask : throw new IOException("Broken pipe");
        }
    }
}
