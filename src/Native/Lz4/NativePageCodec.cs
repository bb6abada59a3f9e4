using System.Diagnostics.CodeAnalysis;

namespace PageStore.Native;

/// <summary>
/// LZ4 blocks by liblz4: the same format as <see cref="PageCodecs.ManagedLz4"/>, of which each reads what the other wrote, and faster.
/// The library, 1.9.2 or newer, is found at run time. Stateless and thread-safe; allocates nothing per page. Not disposed: it is meant for
/// as long as the process, see <see cref="PageCodecs.UseLz4"/>.
/// </summary>
public sealed class NativePageCodec : IPageCodec
{
    /// <summary>
    /// The environment variable by which users choose the engine: the file of a liblz4, or <see cref="Managed"/>. Unset, the system's liblz4
    /// is taken where there is one. It is for applications to read, as <c>pagestore</c> does; this class does not.
    /// </summary>
    public const string LibraryVariable = "PAGESTORE_LZ4_LIBRARY";

    /// <summary>The value of <see cref="LibraryVariable"/> that stands for <see cref="PageCodecs.ManagedLz4"/>.</summary>
    public const string Managed = "managed";

    private readonly Lz4Handle _lz4;

    private NativePageCodec(Lz4Handle lz4) => _lz4 = lz4;

    /// <inheritdoc/>
    public string Name => PageCodecs.ManagedLz4.Name;

    /// <summary>The version of the library.</summary>
    public Version Version => _lz4.Version;

    /// <summary>Loads the library.</summary>
    /// <param name="library">Its file; null for the system's <c>liblz4.so.1</c>.</param>
    /// <exception cref="UnsupportedException">There is no such library, it is too old, or this is no host for PageStore.Native.</exception>
    public static NativePageCodec Open(string? library = null) => new(Lz4Handle.Open(library));

    /// <summary>Loads the system's library, if there is one.</summary>
    /// <param name="codec">The codec; null where there is none, and then <see cref="PageCodecs.ManagedLz4"/> does the same.</param>
    /// <returns>Whether there is one.</returns>
    public static bool TryOpen([NotNullWhen(true)] out NativePageCodec? codec)
    {
        try
        {
            codec = Open();
            return true;
        }
        catch (UnsupportedException)
        {
            codec = null;
            return false;
        }
    }

    /// <inheritdoc/>
    public unsafe bool TryPack(ReadOnlySpan<byte> source, Span<byte> destination, out int written)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(source.Length, PageSizes.Max, nameof(source));
        if (source.IsEmpty || destination.IsEmpty)
        {
            written = 0;
            return false;
        }

        fixed (byte* from = source, to = destination)
        {
            ShimResult result = NativeMethods.Lz4Pack(_lz4, from, (ulong)source.Length, to, (ulong)destination.Length, out ulong packed, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, "Packing a page");
            written = (int)packed;
            return packed > 0;
        }
    }

    /// <inheritdoc/>
    public unsafe bool TryUnpack(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, PageSizes.Max, nameof(destination));
        if (source.IsEmpty || destination.IsEmpty)
        {
            return false;
        }

        fixed (byte* from = source, to = destination)
        {
            ShimResult result = NativeMethods.Lz4Unpack(_lz4, from, (ulong)source.Length, to, (ulong)destination.Length, out int errno);
            if (result == ShimResult.Lz4Block)
            {
                return false;
            }

            NativeErrors.ThrowIfFailed(result, errno, "Unpacking a page");
            return true;
        }
    }

    /// <summary>The engine and its version, as people call it.</summary>
    public override string ToString() => $"liblz4 {Version}";
}
