namespace PageStore.Checkpoint;

/// <summary>One import of a disk into a file. For one thread at a time. The caller disposes it.</summary>
internal sealed class DiskImport : IDisposable
{
    private readonly IDiskImage _disk;
    private readonly CheckpointWriter _writer;
    private readonly DiskImportOptions _options;
    private readonly IProgress<long>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly Epoch? _parent;
    private readonly DiskInfo? _before;
    private readonly byte[] _page;
    private long _pagesRead;

    public DiskImport(IDiskImage disk, CheckpointWriter writer, DiskImportOptions options, IProgress<long>? progress, CancellationToken cancellation)
    {
        (_disk, _writer, _options, _progress, _cancellation) = (disk, writer, options, progress, cancellation);
        _parent = writer.Newest is { } newest ? writer.OpenEpoch(newest) : null;
        _before = _parent is null ? null : DiskInfo.TryRead(_parent);
        _page = new byte[writer.PageSize];
    }

    /// <summary>Reads what has to be read, and commits an epoch.</summary>
    public async Task<DiskImportReport> RunAsync()
    {
        CheckSize();
        string? why = WhyWhole();
        bool trusts = _parent is not null && _disk.Bitmap is not null && why is null;
        using DiskMap map = await DiskMap.ReadAsync(_disk, _writer.PageSize, _cancellation).ConfigureAwait(false);
        using EpochBuilder epoch = _writer.BeginEpoch(new EpochOptions { Parent = _writer.Newest, SkipUnchanged = true, PageCount = map.PageCount, Label = _options.Label });
        using PageBitmap asked = trusts ? Changed(map) : All(map);
        WriteZeros(epoch, map, asked);
        await ReadAsync(map, asked, part => epoch.WritePages(part.Run.First, BytesOf(part))).ConfigureAwait(false);
        if (trusts && _options.VerifyBitmap)
        {
            await VerifyAsync(map, asked).ConfigureAwait(false);
        }

        using var section = new MemoryStream(Section(trusts).ToBytes());
        epoch.AddState(DiskInfo.Name, section);
        _cancellation.ThrowIfCancellationRequested();
        EpochInfo info = epoch.Commit();
        return new DiskImportReport(info, _writer.PageSize, _disk.Length, _pagesRead, epoch.Bytes)
        {
            Bitmap = trusts ? _disk.Bitmap : null,
            WhyWhole = why,
            RootHash = CheckpointKey.IsSupported ? _writer.RootHash : null,
        };
    }

    public void Dispose() => _parent?.Dispose();

    private void CheckSize()
    {
        if ((_disk.Length - 1) / _writer.PageSize >= _options.MaxPageCount)
        {
            throw new UnsupportedException($"{_disk.Name} has {_disk.Length} bytes, which are more than {_options.MaxPageCount} pages of {_writer.PageSize}, the limit. Use larger pages, or raise the limit.");
        }
    }

    /// <summary>
    /// Why the bitmap says nothing about the newest epoch. A bitmap only tells what was written since it began to record, and its source does not tell when that was. So it is trusted where the epoch
    /// itself names it as the one that recorded from then on, and nowhere else.
    /// </summary>
    private string? WhyWhole()
    {
        if (_parent is null || _disk.Bitmap is not { } bitmap)
        {
            return null;
        }

        string newest = $"epoch {_parent.Info.Id}, the newest,";
        return _before is null ? $"{newest} is not of a disk"
            : _before.Export != _disk.Export ? $"{newest} is of the export \"{_before.Export}\""
            : _before.NextBitmap is null ? $"{newest} names no bitmap that records what came behind it"
            : _before.NextBitmap != bitmap ? $"{newest} names the bitmap \"{_before.NextBitmap}\" for what came behind it"

            // A repair made absent what it could not read; of a disk nothing is.
            : _parent.Info.PagesAbsent > 0 ? $"{newest} has lost {_parent.Info.PagesAbsent} pages"
            : null;
    }

    private static PageBitmap All(DiskMap map)
    {
        var all = new PageBitmap(map.PageCount);
        all.SetAll();
        return all;
    }

    /// <summary>What the bitmap says, and what the disk did not have before: of that a bitmap need not say anything.</summary>
    private PageBitmap Changed(DiskMap map)
    {
        PageBitmap asked = map.Changed.Copy();
        if (_before!.Length != _disk.Length)
        {
            long first = map.UnitOf(Math.Min(_before.Length, _disk.Length));
            asked.SetRange(new Pfn(first), map.PageCount - first);
        }

        return asked;
    }

    private static void WriteZeros(EpochBuilder epoch, DiskMap map, PageBitmap asked)
    {
        using var zeros = new PageBitmap(map.PageCount);
        PageBitmap.AndNot(asked, map.Data, zeros);
        foreach (PfnRun run in zeros.Runs())
        {
            epoch.PutPlain(run, Entry.Zero);
        }
    }

    private async Task ReadAsync(DiskMap map, PageBitmap asked, Action<DiskPart> take)
    {
        using var pages = new PageBitmap(map.PageCount);
        PageBitmap.And(asked, map.Data, pages);
        await using var reads = new DiskReadAhead(_disk, map, pages, _writer.PageSize, _cancellation);
        await foreach (DiskPart part in reads.PartsAsync(_cancellation).ConfigureAwait(false))
        {
            take(part);
            _pagesRead += part.Run.Count;
            _progress?.Report(Math.Min(map.OffsetOf(part.Run.End), _disk.Length));
            reads.Return(part);
        }
    }

    private ReadOnlySpan<byte> BytesOf(DiskPart part) => part.Buffer.AsSpan(0, (int)part.Run.Count * _writer.PageSize);

    /// <summary>Compares all that the bitmap does not mention with the newest epoch.</summary>
    private async Task VerifyAsync(DiskMap map, PageBitmap asked)
    {
        using PageBitmap others = All(map);
        others.AndNot(asked);
        await ReadAsync(map, others, part =>
        {
            for (int i = 0; i < part.Run.Count; i++)
            {
                VerifyPage(part.Run.First + i, BytesOf(part).Slice(i * _writer.PageSize, _writer.PageSize));
            }
        }).ConfigureAwait(false);
        VerifyZeros(map, others);
    }

    private void VerifyZeros(DiskMap map, PageBitmap others)
    {
        using var zeros = new PageBitmap(map.PageCount);
        PageBitmap.AndNot(others, map.Data, zeros);
        ReadOnlySpan<byte> zero = new byte[_writer.PageSize];
        foreach (PfnRun run in zeros.Runs())
        {
            for (Pfn pfn = run.First; pfn < run.End; pfn += 1)
            {
                VerifyPage(pfn, zero);
            }
        }
    }

    private void VerifyPage(Pfn pfn, ReadOnlySpan<byte> page)
    {
        _cancellation.ThrowIfCancellationRequested();
        _parent!.ReadPage(pfn, _page);
        if (!page.SequenceEqual(_page))
        {
            long offset = pfn.Value * _writer.PageSize;
            throw new CorruptDataException(
                $"{_disk.Name}: the {_writer.PageSize} bytes at {offset} are not those of epoch {_parent.Info.Id}, and the bitmap \"{_disk.Bitmap}\" does not say that they were written. "
                + "It began to record later than that epoch, was cleared, or belongs to another disk. Import without it, and begin with a new one.")
            {
                Offset = offset,
                Pfn = pfn,
                Epoch = _parent.Info.Id,
            };
        }
    }

    private DiskInfo Section(bool trusts) => new(_disk.Length, _disk.Export, trusts ? _disk.Bitmap : null, _options.NextBitmap ?? _disk.Bitmap);
}
