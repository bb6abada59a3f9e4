using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Checkpoint;

/// <summary>
/// A file read through a mapping. The mapping covers what the file held when it was made; what a writer appended since is read by
/// position, until it is a good part of the file and the mapping is made anew. Old mappings stay until the end, because another
/// thread may be reading through them: their number grows with the logarithm of the file. Large reads go by position, too, and so does
/// the first read of each place.
/// </summary>
/// <param name="file">What is mapped; owned.</param>
/// <param name="guard">Copies out of the mapping. Null: a file that another process truncates is SIGBUS and the end of this process.</param>
/// <param name="mustMap">Whether a file that cannot be mapped is an error; it is read by position otherwise.</param>
internal sealed class MappedStorage(FileStorage file, IGuardedCopy? guard, bool mustMap) : IStorage
{
    /// <summary>The mapping is made anew when the file has outgrown it by a quarter: few mappings, and most reads still go through one.</summary>
    private const int GrowthShift = 2;

    /// <summary>
    /// Reads from this size on go by position: the call is a small part of them then, and they cannot meet a page fault for every page or few. In
    /// docs/benchmarks.md, "Reads", that was up to eight times as fast; reads of one page are faster through the mapping.
    /// </summary>
    private const int LargeRead = 32 << 10;

    /// <summary>Bits for places that were read: of 4 GiB each has one of its own. Two places on one bit cost time, nothing else.</summary>
    private const int SeenBits = 1 << 20;

    /// <summary>A place is a page of the page cache.</summary>
    private const int PlaceShift = 12;

    private readonly ulong[] _seen = new ulong[SeenBits / 64];
    private readonly Lock _gate = new();
    private readonly List<View> _views = [];
    private volatile View? _current;

    public string Name => file.Name;

    public long Length => file.Length;

    public Guid HostRun => file.HostRun;

    public void Read(long offset, Span<byte> destination)
    {
        View? view = _current;
        if (view is null || destination.Length >= LargeRead || !view.Covers(offset, destination.Length) || !WasSeen(offset, destination.Length))
        {
            file.Read(offset, destination);
        }
        else if (!view.TryRead(guard, offset, destination))
        {
            // By position the same fault is an answer: the file ends here, or the medium's error number. Or the content, if it is there again.
            file.Read(offset, destination);
        }
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
            if (length > mapped + (mapped >> GrowthShift) && TryMap(length) is { } view)
            {
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

    /// <summary>
    /// Whether a range was read before, and so is in the page cache; notes that it is now. What is not there is better read by position: a fault
    /// reads what lies around it as well, and nobody wants that of random pages. Threads may lose each other's notes, which costs time only.
    /// </summary>
    private bool WasSeen(long offset, int length)
    {
        bool seen = true;
        for (long place = offset >> PlaceShift; place <= (offset + length - 1) >> PlaceShift; place++)
        {
            ref ulong word = ref _seen[(place % SeenBits) / 64];
            ulong bit = 1UL << (int)(place % 64);
            seen &= (word & bit) != 0;
            word |= bit;
        }

        return seen;
    }

    private View? TryMap(long length)
    {
        try
        {
            var mapping = MemoryMappedFile.CreateFromFile(file.Handle, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            return new View(mapping, mapping.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read), length);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return mustMap ? throw new StorageException($"Cannot map {Name}: {cause.Message} Read it by position instead.", cause) : null;
        }
    }

    private sealed record View(MemoryMappedFile File, MemoryMappedViewAccessor Accessor, long Length)
    {
        public bool Covers(long offset, int length) => offset >= 0 && offset <= Length - length;

        /// <summary>Copies bytes that the view covers; its handle keeps the mapping, should another thread dispose the reader meanwhile.</summary>
        public bool TryRead(IGuardedCopy? guard, long offset, Span<byte> destination)
        {
            SafeMemoryMappedViewHandle handle = Accessor.SafeMemoryMappedViewHandle;
            bool held = false;
            try
            {
                handle.DangerousAddRef(ref held);

                // PointerOffset: where a view begins in its mapping, which begins at a page. Zero for a view of the whole file.
                nint source = handle.DangerousGetHandle() + (nint)(Accessor.PointerOffset + offset);
                return guard is null ? CopyUnguarded(source, destination) : guard.TryCopy(source, destination);
            }
            finally
            {
                if (held)
                {
                    handle.DangerousRelease();
                }
            }
        }

        /// <summary>Not the handle's own ReadSpan, which copies byte by byte.</summary>
        private static unsafe bool CopyUnguarded(nint source, Span<byte> destination)
        {
            new ReadOnlySpan<byte>((void*)source, destination.Length).CopyTo(destination);
            return true;
        }
    }
}
