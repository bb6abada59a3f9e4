using System.Runtime.InteropServices;

namespace PageStore.Native;

/// <summary>Owns a <c>struct ps_track</c>, and keeps the memory it tracks mapped.</summary>
internal sealed class TrackHandle : DependentHandle
{
    private TrackHandle(SafeBuffer memory)
        : base(memory)
    {
    }

    /// <summary>A log of <paramref name="bytes"/> bytes from <paramref name="offset"/> on, both page-aligned.</summary>
    internal static TrackHandle Create(SafeBuffer memory, ulong offset, ulong bytes, TrackOptions options)
    {
        NativeAbi.Ensure();
        var track = new TrackHandle(memory);
        track.Make(
            (out nint made, out int errno) =>
            {
                nint address = memory.DangerousGetHandle() + (nint)offset;
                return address % Environment.SystemPageSize == 0
                    ? NativeMethods.TrackNew(address, bytes, options, out made, out errno)
                    : throw new ArgumentException($"The memory does not begin on a page of {Environment.SystemPageSize} bytes.", nameof(memory));
            },
            $"Making a log of {bytes} bytes of memory");
        return track;
    }

    protected override ShimResult Free(nint owned) => NativeMethods.TrackFree(owned, out _);
}
