using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Disks into epochs: each epoch is the disk as it was, however little of it was read.</summary>
public sealed class DiskImporterTests
{
    private const int Page = 4096;

    [Property(Arbitrary = [typeof(DiskArbitrary)], MaxTest = 200)]
    public async Task Each_epoch_is_the_disk_as_it_was(DiskScenario scenario)
    {
        var storage = new MemoryFile();
        var disk = new FakeDisk(new byte[scenario.Length], scenario.Granularity) { Alignment = scenario.Alignment };
        List<byte[]> model = [];
        using CheckpointWriter writer = Create(storage, scenario);
        for (int round = 0; round < scenario.Rounds.Count; round++)
        {
            Change(disk, scenario.Rounds[round]);
            disk.Bitmap = scenario.Rounds[round].Breaks ? "other" : $"b{round}";
            long asked = PagesAsked(disk, scenario, round, model);
            long before = disk.BytesRead;
            DiskImportReport report = await DiskImporter.ImportIntoAsync(disk, writer, new DiskImportOptions { NextBitmap = $"b{round + 1}" });

            Assert.Equal(round > 0 && !scenario.Rounds[round].Breaks ? disk.Bitmap : null, report.Bitmap);
            Assert.Equal(round > 0 && scenario.Rounds[round].Breaks, report.WhyWhole is not null);
            Assert.Equal(PagesThatDiffer(disk.Content, model.LastOrDefault(), scenario.PageSize), report.Epoch.PagesWritten);
            if (scenario.Alignment <= scenario.PageSize)
            {
                Assert.Equal(asked, report.PagesRead);
            }

            Assert.InRange(disk.BytesRead - before, (report.PagesRead - 1) * scenario.PageSize, report.PagesRead * scenario.PageSize);
            model.Add([.. disk.Content]);
        }

        AssertEpochs(storage, model);
    }

    [Fact]
    public async Task A_bitmap_is_trusted_where_the_newest_epoch_names_it_and_nowhere_else()
    {
        using CheckpointWriter writer = Create();
        var disk = new FakeDisk(Content(16)) { Bitmap = "a" };
        Assert.Equal((null, null), await ImportAsync(writer, disk));
        Assert.Equal(("a", null), await ImportAsync(writer, disk));

        disk.Bitmap = "b";
        Assert.Contains("names the bitmap \"a\"", (await ImportAsync(writer, disk)).Why, StringComparison.Ordinal);
        Assert.Equal(("b", null), await ImportAsync(writer, disk));

        // The next one says which will go on.
        await DiskImporter.ImportIntoAsync(disk, writer, new DiskImportOptions { NextBitmap = "c" }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains("names the bitmap \"c\"", (await ImportAsync(writer, disk)).Why, StringComparison.Ordinal);

        // Without a bitmap nothing is said of what comes behind.
        disk.Bitmap = null;
        Assert.Equal((null, null), await ImportAsync(writer, disk));
        disk.Bitmap = "b";
        Assert.Contains("names no bitmap", (await ImportAsync(writer, disk)).Why, StringComparison.Ordinal);

        var other = new FakeDisk(Content(16)) { Bitmap = "b", Export = "another" };
        Assert.Contains("export \"disk\"", (await ImportAsync(writer, other)).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bitmap_is_not_trusted_behind_an_epoch_that_is_no_disk_or_has_lost_pages()
    {
        using CheckpointWriter writer = Create();
        using (EpochBuilder epoch = writer.BeginEpoch())
        {
            epoch.WritePages(new Pfn(0), Content(16));
            epoch.Commit();
        }

        var disk = new FakeDisk(Content(16)) { Bitmap = "a" };
        Assert.Contains("not of a disk", (await ImportAsync(writer, disk)).Why, StringComparison.Ordinal);
        using (EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest }))
        {
            epoch.SetAbsent(new PfnRun(new Pfn(3), 1));
            using var section = new MemoryStream(new DiskInfo(disk.Length, "disk", null, "a").ToBytes());
            epoch.AddState(DiskInfo.Name, section);
            epoch.Commit();
        }

        Assert.Contains("has lost 1 pages", (await ImportAsync(writer, disk)).Why, StringComparison.Ordinal);
        Assert.Equal(disk.Content, Exported(writer.OpenEpoch(writer.Newest!.Value)));
    }

    [Theory]
    [InlineData(5 * Page, 0)]
    [InlineData(14 * Page, 7)]
    public async Task A_bitmap_that_lies_is_found_if_that_is_asked_for(int at, byte value)
    {
        using CheckpointWriter writer = Create();
        byte[] content = Content(16);
        content.AsSpan(13 * Page).Clear();
        content.AsSpan(5 * Page, Page).Clear();
        content[5 * Page] = 9;
        var disk = new FakeDisk(content) { Bitmap = "a" };
        await ImportAsync(writer, disk);
        disk.Write(Page, [1, 2, 3]);
        var verify = new DiskImportOptions { VerifyBitmap = true };
        DiskImportReport right = await DiskImporter.ImportIntoAsync(disk, writer, verify, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(("a", 1L), (right.Bitmap, right.Epoch.PagesWritten));

        disk.WriteUnseen(at, value);
        CorruptDataException lie = await Assert.ThrowsAsync<CorruptDataException>(() => DiskImporter.ImportIntoAsync(disk, writer, verify, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal((at, new Pfn(at / Page), right.Epoch.Id), (lie.Offset, lie.Pfn, lie.Epoch));
        Assert.Equal(right.Epoch.Id, writer.Newest);

        // Unless it is, the epoch has the page as it was: nothing else can tell.
        await ImportAsync(writer, disk);
        Assert.NotEqual(disk.Content, Exported(writer.OpenEpoch(writer.Newest!.Value)));
    }

    [Fact]
    public async Task What_fails_or_is_cancelled_leaves_no_file_and_no_epoch()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var absurd = new FakeDisk(Content(4)) { Extents = [new DiskExtent(DiskExtentKind.Data, 3 * Page, 2 * Page)] };
        await Assert.ThrowsAsync<CorruptDataException>(() => DiskImporter.ImportAsync(absurd, path, cancellationToken: TestContext.Current.CancellationToken));
        Assert.False(File.Exists(path));
        await Assert.ThrowsAsync<UnsupportedException>(() =>
            DiskImporter.ImportAsync(new FakeDisk(Content(4)), path, options: new DiskImportOptions { MaxPageCount = 3 }, cancellationToken: TestContext.Current.CancellationToken));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DiskImporter.ImportAsync(new FakeDisk(Content(4)), path, cancellationToken: new CancellationToken(canceled: true)));
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""{"length":8192,"export":7,"bitmap":null,"nextBitmap":null}""")]
    [InlineData("""{"length":8193,"export":"","bitmap":null,"nextBitmap":null}""")]
    [InlineData("""{"length":4096,"export":"","bitmap":null,"nextBitmap":null}""")]
    [InlineData("""{"length":-1,"export":"","bitmap":null,"nextBitmap":null}""")]
    [InlineData("""{"length":99999999999999999999,"export":"","bitmap":null,"nextBitmap":null}""")]
    public void A_section_that_does_not_fit_its_epoch_is_damage(string section)
    {
        using CheckpointWriter writer = Create();
        using EpochBuilder epoch = writer.BeginEpoch();
        epoch.WritePages(new Pfn(0), Content(2));
        using var content = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(section));
        epoch.AddState(DiskInfo.Name, content);
        epoch.Commit();
        CorruptDataException damage = Assert.Throws<CorruptDataException>(() => Exported(writer.OpenEpoch(writer.Newest!.Value)));
        Assert.Equal(writer.Newest, damage.Epoch);
    }

    private static void Change(FakeDisk disk, DiskRound round)
    {
        if (round.Clears)
        {
            disk.ClearBitmap();
        }

        if (round.Length is { } length)
        {
            disk.Resize(length);
        }

        foreach ((int at, int count, byte value) in round.Writes)
        {
            int offset = (int)(at % disk.Length);
            byte[] bytes = new byte[Math.Min(count, disk.Length - offset)];
            bytes.AsSpan().Fill(value);
            if (bytes.Length > 8 && value > 0)
            {
                BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 8), (long)at * count);
            }

            disk.Write(offset, bytes);
        }
    }

    /// <summary>The pages that have data, and that the bitmap names, or the disk has anew; all that have data where the bitmap is not trusted.</summary>
    private static long PagesAsked(FakeDisk disk, DiskScenario scenario, int round, List<byte[]> model)
    {
        long before = model.LastOrDefault()?.Length ?? 0;
        long asked = 0;
        for (long page = 0; page * scenario.PageSize < disk.Length; page++)
        {
            long at = page * scenario.PageSize;
            bool isOld = before == disk.Length || at + scenario.PageSize <= Math.Min(before, disk.Length);
            bool isAsked = round == 0 || scenario.Rounds[round].Breaks || !isOld || disk.IsDirty(at, Math.Min(scenario.PageSize, disk.Length - at));
            asked += isAsked && disk.HasData(at, scenario.PageSize) ? 1 : 0;
        }

        return asked;
    }

    private static long PagesThatDiffer(byte[] now, byte[]? before, int pageSize)
    {
        static byte[] PageOf(byte[] image, int at, int size)
        {
            byte[] page = new byte[size];
            image.AsSpan(at, Math.Min(size, image.Length - at)).CopyTo(page);
            return page;
        }

        long count = 0;
        for (int at = 0; at < now.Length; at += pageSize)
        {
            count += before is null || at >= before.Length || !PageOf(now, at, pageSize).AsSpan().SequenceEqual(PageOf(before, at, pageSize)) ? 1 : 0;
        }

        return count;
    }

    private static void AssertEpochs(MemoryFile storage, List<byte[]> model)
    {
        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(storage));
        Assert.Equal(model.Count, reader.Epochs().Count());
        for (int i = 0; i < model.Count; i++)
        {
            Assert.Equal(model[i], Exported(reader.OpenEpoch(new EpochId(i + 1))));
        }

        Assert.Empty(reader.VerifyDeep().Damage);
    }

    private static byte[] Exported(Epoch epoch)
    {
        using var stream = new MemoryStream();
        Assert.Equal(RawExporter.LengthOf(epoch), RawExporter.ToStream(epoch, stream).Length);
        return stream.ToArray();
    }

    private static byte[] Content(int pages)
    {
        byte[] content = new byte[pages * Page];
        new Random(pages).NextBytes(content);
        return content;
    }

    private static async Task<(string? Bitmap, string? Why)> ImportAsync(CheckpointWriter writer, FakeDisk disk)
    {
        DiskImportReport report = await DiskImporter.ImportIntoAsync(disk, writer, cancellationToken: TestContext.Current.CancellationToken);
        return (report.Bitmap, report.WhyWhole);
    }

    private static CheckpointWriter Create() => Create(new MemoryFile(), new DiskScenario());

    private static CheckpointWriter Create(MemoryFile file, DiskScenario scenario) => CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions
    {
        PageSize = scenario.PageSize,
        SegmentSize = 1 << 17,
        Codec = scenario.Shares ? PageCodecs.Lz4High : PageCodecs.None,
        Sharing = scenario.Shares ? new SharingOptions() : null,
    });
}
