using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Checkpoint;

/// <summary>A raw image of a disk, or a block device. Of a file the holes are known; what changed is not.</summary>
public sealed class RawDisk : IDiskImage
{
    /// <summary>Reads below a megabyte lose throughput on any disk; a larger one gains nothing.</summary>
    private const int ReadBytes = 1 << 20;

    private readonly SafeFileHandle _file;
    private readonly Queue<(long Offset, Memory<byte> Destination)> _reads = [];

    private RawDisk(SafeFileHandle file, string path, long length)
    {
        (_file, Name, Export, Length) = (file, path, Path.GetFullPath(path), length);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Export { get; }

    /// <inheritdoc/>
    public string? Bitmap => null;

    /// <inheritdoc/>
    public long Length { get; }

    /// <inheritdoc/>
    public int Alignment => 1;

    /// <inheritdoc/>
    public int MaxReadBytes => ReadBytes;

    /// <summary>Opens an image.</summary>
    /// <param name="path">A file or a block device, which nobody may change meanwhile.</param>
    /// <exception cref="StorageException">It cannot be opened, or is empty or no disk.</exception>
    public static RawDisk Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            long length = MediumExtents.LengthOf(file);
            return length > 0 ? new RawDisk(file, path, length) : throw new StorageException($"{path} is empty, or no disk at all. Name a raw image or a block device.");
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or StorageException)
        {
            file?.Dispose();
            throw cause as StorageException ?? new StorageException($"Cannot read the disk {path}: {cause.Message}", cause);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<DiskExtent> ReadExtentsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (long at = 0; MediumExtents.TryNextData(_file, at, Length, out long start, out at);)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new DiskExtent(DiskExtentKind.Data, start, at - start);
        }

        // A local file is asked without waiting; the seam is for those who wait.
        await ValueTask.CompletedTask.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask BeginReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        _reads.Enqueue((offset, destination));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask EndReadAsync(CancellationToken cancellationToken = default)
    {
        (long offset, Memory<byte> destination) = _reads.Dequeue();
        try
        {
            for (int done = 0; done < destination.Length;)
            {
                int read = await RandomAccess.ReadAsync(_file, destination[done..], offset + done, cancellationToken).ConfigureAwait(false);
                done += read > 0 ? read : throw new StorageException($"{Name} ends at byte {offset + done}: it has become shorter since it was opened. Keep others from changing it.");
            }
        }
        catch (IOException cause)
        {
            throw new StorageException($"Cannot read the disk {Name} at byte {offset}: {cause.Message}", cause) { Errno = cause.HResult };
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        return ValueTask.CompletedTask;
    }
}
