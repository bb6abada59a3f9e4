using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>
/// Memory for a guest in this process: zero pages that exist from their first write on, kept out of core dumps. Private memory is
/// this process's own; shared memory is a sealed memfd that other processes can map too.
/// Whoever creates it disposes it; spans taken from it must not be used after that. <see cref="CopyPages"/> may be called from
/// several threads, also while others write through spans.
/// </summary>
public sealed class MemoryRegion : IGuestMemory, IDisposable
{
    private readonly RegionHandle _handle;
    private readonly ViewHandle? _view;

    // The handle's own state does not tell: it stays open while a log holds it.
    private bool _disposed;
    private volatile bool _isPartial;

    private MemoryRegion(RegionHandle handle, SafeFileHandle? file, ViewHandle? view, long length)
    {
        _handle = handle;
        _view = view;
        File = file;
        Length = length;
    }

    /// <summary>The size in bytes, a multiple of <see cref="PageSize"/>.</summary>
    public long Length { get; }

    /// <summary>The size of a page of this system, in bytes.</summary>
    public int PageSize => Environment.SystemPageSize;

    /// <summary>How many pages it has.</summary>
    public long PageCount => Length / PageSize;

    /// <summary>Whether it is a memfd that can be mapped elsewhere too, and whose read set can be tracked.</summary>
    public bool IsShared => File is not null;

    /// <summary>The memfd of shared memory, owned by the region; null for private memory. Its size is sealed.</summary>
    public SafeFileHandle? File { get; }

    /// <summary>
    /// Whether all of its pages are there. False while a lazy resume brings them, and for good if it was left before it was complete, or if pages were damaged: what is missing would be
    /// copied as zeros, so <see cref="CopyPages"/> refuses. Thread-safe.
    /// </summary>
    public bool IsWhole
    {
        get => !_isPartial;
        internal set => _isPartial = !value;
    }

    /// <summary>The mapping, for a log of it.</summary>
    internal SafeBuffer Mapping
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _handle;
        }
    }

    /// <summary>Maps anonymous memory of this process.</summary>
    /// <param name="length">The size in bytes: a multiple of the system's page size, above 0.</param>
    /// <param name="hugePages">Whether the kernel is advised to use transparent huge pages (MADV_HUGEPAGE). Tracking stays exact to the page.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is no positive multiple of the page size.</exception>
    /// <exception cref="StorageException">The system has no address space left.</exception>
    /// <exception cref="UnsupportedException">The shim cannot be used on this host.</exception>
    public static MemoryRegion CreatePrivate(long length, bool hugePages = false) =>
        Create(length, hugePages ? RegionOptions.HugePages : RegionOptions.None);

    /// <summary>Maps a new memfd, shared. It lives as long as a process holds its descriptor or maps it.</summary>
    /// <param name="length">The size in bytes: a multiple of the system's page size, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is no positive multiple of the page size.</exception>
    /// <exception cref="StorageException">The system has no address space, descriptor or memory left.</exception>
    /// <exception cref="UnsupportedException">The shim cannot be used on this host.</exception>
    public static MemoryRegion CreateShared(long length) => Create(length, RegionOptions.Shared);

    /// <summary>As <see cref="CreateShared"/>, of a memfd that can be sealed against writes once <see cref="Detach"/> has given it away.</summary>
    internal static MemoryRegion CreateSealable(long length) => Create(length, RegionOptions.Shared | RegionOptions.Sealable);

    /// <summary>Takes over a private mapping that was made elsewhere.</summary>
    internal static MemoryRegion OfMapping(RegionHandle handle) => new(handle, null, null, (long)handle.ByteLength);

    /// <summary>A window on the memory, for its owner. Touching it is what a guest does: a log of the region sees it.</summary>
    /// <param name="offset">Where the window begins, in bytes.</param>
    /// <param name="length">How long it is, in bytes: a span ends at 2 GiB, a region does not.</param>
    /// <exception cref="ArgumentOutOfRangeException">The window does not lie inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is disposed.</exception>
    public unsafe Span<byte> GetSpan(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return new Span<byte>((byte*)_handle.DangerousGetHandle() + offset, length);
    }

    /// <summary>A window on one page, see <see cref="GetSpan"/>.</summary>
    /// <param name="page">The page, below <see cref="PageCount"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The page does not lie inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is disposed.</exception>
    public Span<byte> GetPage(Pfn page)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(page.Value, nameof(page));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(page.Value, PageCount, nameof(page));
        return GetSpan(page.Value * PageSize, PageSize);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Every page is <see cref="GuestPageType.Normal"/>. Shared memory is read through a second mapping, and so that neither the
    /// guest's page table, which is the record of what it read, nor the memfd's holes are filled by copying.
    /// </remarks>
    /// <exception cref="InvalidOperationException">Pages are missing or damaged, see <see cref="IsWhole"/>; nothing was copied.</exception>
    /// <exception cref="ObjectDisposedException">The region is disposed.</exception>
    public void CopyPages(Pfn first, Span<byte> destination, Span<GuestPageType> types)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_isPartial)
        {
            throw new InvalidOperationException(
                "Pages of the memory are missing, or damaged, and would be copied as zeros: copy it when its resume is complete; if pages were damaged, resume another epoch.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(first.Value, nameof(first));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first.Value, PageCount - types.Length, nameof(first));
        if (destination.Length != (long)types.Length * PageSize)
        {
            throw new ArgumentOutOfRangeException(
                nameof(destination), destination.Length, $"{types.Length} pages of {PageSize} bytes need exactly as many bytes.");
        }

        long offset = first.Value * PageSize;
        if (_view is null)
        {
            CopyFromMapping(offset, destination);
        }
        else
        {
            _view.Copy(offset, destination);
        }

        types.Fill(GuestPageType.Normal);
    }

    /// <summary>Unmaps shared memory as <see cref="Dispose"/> does, and gives its memfd to the caller.</summary>
    internal SafeFileHandle Detach()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        SafeFileHandle file = File!;
        _disposed = true;
        _handle.Dispose();
        _view!.Dispose();
        return file;
    }

    /// <summary>Unmaps the memory, once the logs of it are disposed too. May be called again.</summary>
    public void Dispose()
    {
        _disposed = true;
        _handle.Dispose();
        _view?.Dispose();
        File?.Dispose();
    }

    private static MemoryRegion Create(long length, RegionOptions options)
    {
        if (length <= 0 || length % Environment.SystemPageSize != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(length), length, $"A region has a positive multiple of {Environment.SystemPageSize} bytes.");
        }

        NativeAbi.Ensure();
        ShimResult result = NativeMethods.RegionMap((ulong)length, options, out nint address, out int fd, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, $"Mapping {length} bytes of memory");
        var handle = new RegionHandle(address, (ulong)length);
        if (fd < 0)
        {
            return new MemoryRegion(handle, null, null, length);
        }

        var file = new SafeFileHandle(fd, ownsHandle: true);
        try
        {
            return new MemoryRegion(handle, file, ViewHandle.Create(file, length), length);
        }
        catch
        {
            file.Dispose();
            handle.Dispose();
            throw;
        }
    }

    private void CopyFromMapping(long offset, Span<byte> destination)
    {
        // Held, so that a Dispose on another thread does not unmap the pages under the copy.
        bool held = false;
        try
        {
            _handle.DangerousAddRef(ref held);
            GetSpan(offset, destination.Length).CopyTo(destination);
        }
        finally
        {
            if (held)
            {
                _handle.DangerousRelease();
            }
        }
    }
}
