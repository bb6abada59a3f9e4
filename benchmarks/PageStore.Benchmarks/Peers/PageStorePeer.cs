using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Benchmarks;

/// <summary>A checkpoint file that keeps the newest epoch only.</summary>
internal sealed class PageStorePeer(string path, long pageCount) : IPagePeer
{
    private CheckpointWriter? _writer;
    private CheckpointReader? _reader;
    private Epoch? _epoch;

    public string Name => "PageStore";

    public string Path => path;

    public void Open(bool toWrite)
    {
        if (toWrite)
        {
            _writer = File.Exists(path) ? CheckpointWriter.Open(path) : CheckpointWriter.Create(path);
            return;
        }

        _reader = CheckpointReader.Open(path, new CheckpointReaderOptions { Guard = GuardedCopy.Install() });
        _epoch = _reader.OpenNewest();
    }

    public void Commit(ReadOnlySpan<long> pages, ReadOnlySpan<byte> content)
    {
        int pageSize = content.Length / pages.Length;
        using EpochBuilder builder = _writer!.BeginEpoch(new EpochOptions { Parent = _writer.Newest, PageCount = pageCount });
        for (int i = 0; i < pages.Length; i++)
        {
            builder.WritePages(new Pfn(pages[i]), content.Slice(i * pageSize, pageSize));
        }

        builder.Commit();
    }

    public void Tidy() => _writer!.Prune(new PrunePolicy { KeepLast = 1 });

    public void Shrink() => CheckpointCompactor.CompactInPlace(path);

    public void Read(long page, Span<byte> destination) => _epoch!.ReadPage(new Pfn(page), destination);

    public void Close()
    {
        _epoch?.Dispose();
        _reader?.Dispose();
        _writer?.Dispose();
        (_epoch, _reader, _writer) = (null, null, null);
    }

    public void Dispose() => Close();
}
