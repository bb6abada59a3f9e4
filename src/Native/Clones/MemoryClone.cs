namespace PageStore.Native;

/// <summary>
/// A guest's memory that began with the content of a <see cref="CloneBase"/> and shares its pages until they are written. Made by <see cref="CloneBase.MapClone"/>. Whoever asked for it disposes it.
/// </summary>
public sealed class MemoryClone : IDisposable
{
    internal MemoryClone(MemoryRegion memory) => Memory = memory;

    /// <summary>
    /// The memory, owned by the clone; for a <see cref="KvmMachine"/>, for spans, and for a <see cref="LinuxDirtyLog"/>. It is private: the reads of it cannot be tracked. Copying it out makes no page its own.
    /// </summary>
    public MemoryRegion Memory { get; }

    /// <summary>
    /// Sets the bits of the pages that the clone owns: those that were written, whatever with, since it was made. All others are the base's. Exact while nobody writes; allocates nothing. Thread-safe.
    /// </summary>
    /// <param name="own">Bit n is page n. No bit is cleared.</param>
    /// <exception cref="ArgumentException">The bitmap is too short; nothing was set.</exception>
    /// <exception cref="ObjectDisposedException">The clone or the bitmap is disposed.</exception>
    /// <exception cref="StorageException">The kernel does not tell.</exception>
    /// <exception cref="UnsupportedException">/proc/self/pagemap cannot be opened.</exception>
    public unsafe void GetOwnPages(PageBitmap own)
    {
        ArgumentNullException.ThrowIfNull(own);
        if (own.Length < Memory.PageCount)
        {
            throw new ArgumentException($"The bitmap covers {own.Length} pages, the clone {Memory.PageCount}: nothing was set.", nameof(own));
        }

        for (long first = 0; first < Memory.PageCount;)
        {
            Span<ulong> words = own.GetWords(new Pfn(first), out long bits);
            long pages = Math.Min(Memory.PageCount - first, bits);
            fixed (ulong* to = words)
            {
                ShimResult result = NativeMethods.BaseOwn(Memory.Mapping, (ulong)first, (ulong)pages, to, (ulong)words.Length, out int errno);
                if (result != ShimResult.Ok)
                {
                    // Not ThrowIfFailed: its message would be made each time.
                    throw NativeErrors.Make(result, errno, $"Looking which of the pages from {first} on are a clone's own");
                }
            }

            first += pages;
        }
    }

    /// <summary>What of the memory counts for this process, as the kernel accounts for it.</summary>
    /// <exception cref="ObjectDisposedException">The clone is disposed.</exception>
    /// <exception cref="StorageException">The kernel does not tell.</exception>
    public RegionUsage MeasureUsage() => RegionUsage.Read(Memory.Mapping);

    /// <summary>Unmaps the memory, once machines and logs of it are disposed too. May be called again.</summary>
    public void Dispose() => Memory.Dispose();
}
