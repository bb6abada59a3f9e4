using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>Owns a <c>struct ps_track</c>, and keeps the memory it tracks mapped.</summary>
internal sealed class TrackHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly SafeBuffer _memory;

    private TrackHandle(SafeBuffer memory)
        : base(ownsHandle: true) => _memory = memory;

    /// <summary>A log of <paramref name="bytes"/> bytes from <paramref name="offset"/> on, both page-aligned.</summary>
    internal static TrackHandle Create(SafeBuffer memory, ulong offset, ulong bytes, TrackOptions options)
    {
        NativeAbi.Ensure();
        bool added = false;
        memory.DangerousAddRef(ref added);
        try
        {
            nint address = memory.DangerousGetHandle() + (nint)offset;
            if (address % Environment.SystemPageSize != 0)
            {
                throw new ArgumentException($"The memory does not begin on a page of {Environment.SystemPageSize} bytes.", nameof(memory));
            }

            ShimResult result = NativeMethods.TrackNew(address, bytes, options, out nint track, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, $"Making a log of {bytes} bytes of memory");
            var made = new TrackHandle(memory);
            made.SetHandle(track);
            added = false;
            return made;
        }
        finally
        {
            if (added)
            {
                memory.DangerousRelease();
            }
        }
    }

    protected override bool ReleaseHandle()
    {
        bool released = NativeMethods.TrackFree(handle, out _) == ShimResult.Ok;
        _memory.DangerousRelease();
        return released;
    }
}
