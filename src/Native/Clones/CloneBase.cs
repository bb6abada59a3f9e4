using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>
/// The memory of a guest at one moment, from which any number of guests go on: a memfd that is sealed when it is filled, so that nobody changes it any more, and of which each
/// <see cref="MemoryClone"/> is a private mapping. Clones share its pages until they write; the kernel then copies the page for the one that does. They may lie in any processes of this host.
/// Sources: memfd_create(2), fcntl(2) "File Sealing", mmap(2) MAP_PRIVATE.
/// </summary>
/// <remarks>Thread-safe, but for disposing. Whoever makes it disposes it; clones keep the memory for as long as they last, and need it no more.</remarks>
public sealed class CloneBase : IGuestMemory, IDisposable
{
    /// <summary>Copies pages without filling holes.</summary>
    private readonly ViewHandle _view;

    /// <summary>A mapping as a clone has it, in which nobody writes: what of the memory counts for this process.</summary>
    private readonly RegionHandle _mapping;

    private CloneBase(SafeFileHandle file, long length)
    {
        File = file;
        Length = length;
        _view = ViewHandle.Create(file, length);
        try
        {
            _mapping = Map();
        }
        catch
        {
            _view.Dispose();
            throw;
        }
    }

    /// <summary>The size in bytes, a multiple of <see cref="PageSize"/>.</summary>
    public long Length { get; }

    /// <summary>The size of a page of this system, in bytes.</summary>
    public int PageSize => Environment.SystemPageSize;

    /// <inheritdoc/>
    public long PageCount => Length / PageSize;

    /// <summary>The memfd, open for reading and owned by the base. Whoever gets it, over a socket for instance, can <see cref="Open(SafeFileHandle)"/> it, and cannot change it.</summary>
    public SafeFileHandle File { get; }

    /// <summary>Where other processes of the same user find the memfd, for <see cref="Open(string)"/>, as long as this process has it open.</summary>
    public string Path => string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{File.DangerousGetHandle()}");

    /// <summary>Makes a base.</summary>
    /// <param name="length">The size in bytes: a multiple of the system's page size, above 0.</param>
    /// <param name="fill">Writes the content into memory that is all zero, by as many threads as it likes. The memory is not there any more afterwards. Pages that it leaves alone take no memory.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is no positive multiple of the page size.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="fill"/> left a machine or a log over the memory.</exception>
    /// <exception cref="StorageException">The system has no address space, descriptor or memory left.</exception>
    /// <exception cref="UnsupportedException">The shim cannot be used on this host.</exception>
    public static CloneBase Create(long length, Action<MemoryRegion> fill)
    {
        ArgumentNullException.ThrowIfNull(fill);
        using MemoryRegion memory = MemoryRegion.CreateSealable(length);
        fill(memory);
        using SafeFileHandle file = memory.Detach();
        ShimResult result = NativeMethods.BaseSeal(file, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, "Sealing the memory of clones");

        // Anew: through a descriptor for reading a sealed memfd can be mapped shared on every kernel, and whoever is given it cannot even try to write.
        return Open(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.DangerousGetHandle()}"));
    }

    /// <summary>Opens a base of another process, by its <see cref="Path"/>.</summary>
    /// <param name="path">Where the memfd is found.</param>
    /// <exception cref="UnsupportedException">What is there is no memfd of a base. Or the shim cannot be used on this host.</exception>
    /// <exception cref="StorageException">It cannot be opened: the process has ended, or is another user's.</exception>
    public static CloneBase Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return Open(System.IO.File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"The memory of clones at {path} cannot be opened ({failure.Message}): the process that made it must run, and be the same user's.", failure);
        }
    }

    /// <summary>Opens a base by a descriptor of its memfd.</summary>
    /// <param name="file">The descriptor; the base takes it over, and closes it if this fails.</param>
    /// <exception cref="UnsupportedException">It is no memfd of a base, so that somebody could change it under the clones. Or the shim cannot be used on this host.</exception>
    /// <exception cref="StorageException">It cannot be mapped.</exception>
    public static CloneBase Open(SafeFileHandle file)
    {
        ArgumentNullException.ThrowIfNull(file);
        try
        {
            NativeAbi.Ensure();
            ShimResult result = NativeMethods.BaseSize(file, out ulong bytes, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, "Making clones of a descriptor");
            return bytes > 0 && bytes % (ulong)Environment.SystemPageSize == 0
                ? new CloneBase(file, (long)bytes)
                : throw new UnsupportedException($"Clones of a memfd of {bytes} bytes are not supported: it has a positive multiple of {Environment.SystemPageSize}.");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Makes a clone: memory with the content of the base. It takes no memory but for what is written to it.</summary>
    /// <exception cref="ObjectDisposedException">The base is disposed.</exception>
    /// <exception cref="StorageException">The system has no address space or mappings left.</exception>
    public MemoryClone MapClone()
    {
        ObjectDisposedException.ThrowIf(_mapping.IsClosed, this);
        return new MemoryClone(MemoryRegion.OfMapping(Map()));
    }

    /// <inheritdoc/>
    /// <remarks>Every page is <see cref="GuestPageType.Normal"/>. Holes of the memfd stay holes.</remarks>
    /// <exception cref="ObjectDisposedException">The base is disposed.</exception>
    public void CopyPages(Pfn first, Span<byte> destination, Span<GuestPageType> types)
    {
        ObjectDisposedException.ThrowIf(_view.IsClosed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(first.Value, nameof(first));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first.Value, PageCount - types.Length, nameof(first));
        if (destination.Length != (long)types.Length * PageSize)
        {
            throw new ArgumentOutOfRangeException(nameof(destination), destination.Length, $"{types.Length} pages of {PageSize} bytes need exactly as many bytes.");
        }

        _view.Copy(first.Value * PageSize, destination);
        types.Fill(GuestPageType.Normal);
    }

    /// <summary>
    /// What the base takes now, and what part of that counts for this process. All its pages are mapped for it first: so with it the shares of all its clones, in whatever processes, add up to the base and what they own.
    /// A page of the base that has not been filled comes to be when a clone first reads it.
    /// </summary>
    /// <returns><see cref="RegionUsage.ResidentBytes"/> is what the base takes.</returns>
    /// <exception cref="ObjectDisposedException">The base is disposed.</exception>
    /// <exception cref="StorageException">The kernel does not tell.</exception>
    public RegionUsage MeasureUsage()
    {
        ObjectDisposedException.ThrowIf(_mapping.IsClosed, this);
        ShimResult result = NativeMethods.BaseTouch(File, _mapping, (ulong)Length, out ulong bytes, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, "Looking for the pages of a base");

        // The kernel maps pages by the way, of which some are behind the last that it was asked for.
        return RegionUsage.Read(_mapping) with { ResidentBytes = (long)bytes };
    }

    /// <summary>Lets go of it. Clones stay. May be called again.</summary>
    public void Dispose()
    {
        _mapping.Dispose();
        _view.Dispose();
        File.Dispose();
    }

    private RegionHandle Map()
    {
        ShimResult result = NativeMethods.BaseMap(File, (ulong)Length, out nint address, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, $"Mapping {Length} bytes for a clone");
        return new RegionHandle(address, (ulong)Length);
    }
}
