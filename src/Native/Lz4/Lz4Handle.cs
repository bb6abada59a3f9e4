using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>Owns a <c>struct ps_lz4</c>: a loaded liblz4. Thread-safe, as what is used of it has no state.</summary>
internal sealed class Lz4Handle : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>Room for the longest path, which is PATH_MAX, and what it lacks.</summary>
    private const int TriedBytes = 4096 + 64;

    private Lz4Handle(nint lz4, uint version)
        : base(ownsHandle: true)
    {
        SetHandle(lz4);

        // LZ4_versionNumber: major * 100 * 100 + minor * 100 + release (lz4.h).
        Version = new Version((int)version / 10000, (int)version / 100 % 100, (int)version % 100);
    }

    /// <summary>The version of the library.</summary>
    internal Version Version { get; }

    /// <summary>Loads the library.</summary>
    /// <param name="library">Its file, or null for where the system looks.</param>
    internal static unsafe Lz4Handle Open(string? library)
    {
        NativeAbi.Ensure();
        byte[] tried = new byte[TriedBytes];
        byte[]? path = library is null ? null : Encoding.UTF8.GetBytes(library + '\0');
        fixed (byte* text = tried, name = path)
        {
            ShimResult result = NativeMethods.Lz4Open(name, out nint lz4, out uint version, text, TriedBytes, out int errno);
            if (result == ShimResult.Lz4Library)
            {
                throw NoLibrary(Encoding.UTF8.GetString(tried.AsSpan(0, tried.IndexOf((byte)0))));
            }

            NativeErrors.ThrowIfFailed(result, errno, "Loading liblz4");
            return new Lz4Handle(lz4, version);
        }
    }

    protected override bool ReleaseHandle() => NativeMethods.Lz4Close(handle, out _) == ShimResult.Ok;

    private static UnsupportedException NoLibrary(string tried) => new(
        $"liblz4 was not found (tried {tried}): install it (Debian: liblz4-1), name its file in {NativePageCodec.LibraryVariable}, or use the managed engine, which reads and writes the same blocks.")
    {
        IsMissingOnHost = true,
    };
}
