using System.IO.MemoryMappedFiles;

namespace PageStore.Checkpoint;

/// <summary>
/// A file read through a mapping. The mapping covers what the file held when it was made; what a writer appended since is read by
/// position, until it is a good part of the file and the mapping is made anew. Old mappings stay until the end, because another
/// thread may be reading through them: their number grows with the logarithm of the file.
/// </summary>
/// <remarks>A mapped file that another process truncates is SIGBUS and the end of this process; see the read modes of the reader.</remarks>
internal sealed class MappedStorage(FileStorage file) : IStorage
{
    /// <summary>The mapping is made anew when the file has outgrown it by a quarter: few mappings, and most reads still go through one.</summary>
    private const int GrowthShift = 2;

    private readonly Lock _gate = new();
    private readonly List<View> _views = [];
    private volatile View? _current;

    public string Name => file.Name;

    public long Length => file.Length;

    public Guid HostRun => file.HostRun;

    public void Read(long offset, Span<byte> destination)
    {
        View? view = _current;
        if (view is null || offset + destination.Length > view.Length)
        {
            file.Read(offset, destination);
            return;
        }

        view.Accessor.SafeMemoryMappedViewHandle.ReadSpan((ulong)offset, destination);
    }

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts) => file.Write(offset, parts);

    public void Sync() => file.Sync();

    public void Truncate(long length) => file.Truncate(length);

    public bool TryPunch(long offset, long length) => file.TryPunch(offset, length);

    public void ReadMedium(long offset, Span<byte> destination) => file.ReadMedium(offset, destination);

    public bool TryHold(long sequence) => file.TryHold(sequence);

    public void Release(long sequence) => file.Release(sequence);

    public long OldestHeld(long limit) => file.OldestHeld(limit);

    /// <summary>Makes the mapping anew if the file has grown enough. Thread-safe.</summary>
    /// <exception cref="StorageException">The file cannot be mapped.</exception>
    public void Grow()
    {
        lock (_gate)
        {
            long length = file.Length;
            long mapped = _current?.Length ?? 0;
            if (length > mapped + (mapped >> GrowthShift))
            {
                View view = Map(length);
                _views.Add(view);
                _current = view;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (View view in _views)
            {
                view.Accessor.Dispose();
                view.File.Dispose();
            }

            _views.Clear();
            file.Dispose();
        }
    }

    private View Map(long length)
    {
        try
        {
            var mapping = MemoryMappedFile.CreateFromFile(file.Handle, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            return new View(mapping, mapping.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read), length);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new StorageException($"Cannot map {Name}: {cause.Message} Read it by position instead.", cause);
        }
    }

    private sealed record View(MemoryMappedFile File, MemoryMappedViewAccessor Accessor, long Length);
}
