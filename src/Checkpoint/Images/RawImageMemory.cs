using Microsoft.Win32.SafeHandles;

namespace PageStore.Checkpoint;

/// <summary>A guest's memory as a raw image in a file: page n at byte n times the page size. May be read from several threads; whoever opened it disposes it.</summary>
public sealed class RawImageMemory : IGuestMemory, IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _path;

    /// <summary>Opens an image.</summary>
    /// <param name="path">A file, which nobody may change meanwhile.</param>
    /// <param name="pageSize">In bytes, see <see cref="PageSizes"/>.</param>
    /// <exception cref="StorageException">The file cannot be opened.</exception>
    /// <exception cref="CorruptDataException">It has no page, or a part of one.</exception>
    public RawImageMemory(string path, int pageSize = PageSizes.Default)
    {
        ArgumentNullException.ThrowIfNull(path);
        PageSizes.ThrowIfInvalid(pageSize);
        try
        {
            _file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"Cannot read the image {path}: {cause.Message}", cause);
        }

        (_path, PageSize) = (path, pageSize);
        long length = RandomAccess.GetLength(_file);
        PageCount = length / pageSize;
        if (length == 0 || length % pageSize != 0)
        {
            _file.Dispose();
            throw new CorruptDataException($"{path} has {length} bytes, which are no pages of {pageSize}: name a raw image of memory.");
        }
    }

    /// <inheritdoc/>
    public int PageSize { get; }

    /// <inheritdoc/>
    public long PageCount { get; }

    /// <inheritdoc/>
    public void CopyPages(Pfn first, Span<byte> destination, Span<GuestPageType> types)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, (long)types.Length * PageSize);
        ArgumentOutOfRangeException.ThrowIfNegative(first.Value, nameof(first));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first.Value, PageCount - types.Length, nameof(first));
        long offset = first.Value * PageSize;
        try
        {
            for (int done = 0; done < destination.Length;)
            {
                int read = RandomAccess.Read(_file, destination[done..], offset + done);
                done += read > 0 ? read : throw new StorageException($"{_path} ends at byte {offset + done}, within page {first}: it has become shorter since it was opened.");
            }
        }
        catch (IOException cause)
        {
            throw new StorageException($"Cannot read page {first} of {_path}: {cause.Message}", cause);
        }

        types.Fill(GuestPageType.Normal);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
