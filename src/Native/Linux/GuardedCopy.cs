namespace PageStore.Native;

/// <summary>
/// Copies out of mapped files under a handler of SIGBUS, which a process without one does not survive. The copying is native; it
/// takes no system call, no lock and no memory. Thread-safe.
/// </summary>
/// <remarks>
/// The handler passes every other SIGBUS on to what handled it before. It stays until the process ends; docs/native-abi.md
/// says why, and what is expected of handlers that are installed later.
/// </remarks>
public sealed class GuardedCopy : IGuardedCopy
{
    private static readonly GuardedCopy Shared = new();

    private GuardedCopy()
    {
    }

    /// <summary>Installs the handler in this process, at the first call. Thread-safe.</summary>
    /// <returns>The guard, always the same.</returns>
    /// <exception cref="UnsupportedException">There is no shim for this host.</exception>
    /// <exception cref="StorageException">The system refused the handler.</exception>
    public static GuardedCopy Install()
    {
        NativeAbi.Ensure();
        ShimResult result = NativeMethods.GuardInstall(out int errno);
        NativeErrors.ThrowIfFailed(result, errno, "Installing a handler of SIGBUS");
        return Shared;
    }

    /// <inheritdoc/>
    public unsafe bool TryCopy(nint source, Span<byte> destination)
    {
        fixed (byte* to = destination)
        {
            ShimResult result = NativeMethods.GuardCopy(source, to, (ulong)destination.Length, out int errno);
            if (result is not (ShimResult.Ok or ShimResult.Fault))
            {
                throw NativeErrors.Make(result, errno, $"Copying {destination.Length} bytes out of a mapping");
            }

            return result == ShimResult.Ok;
        }
    }
}
