namespace PageStore;

/// <summary>
/// Copies out of a file that is mapped into memory. Another process may truncate the file at any moment, or its medium may fail:
/// whoever touches a page that is not to be had then gets a signal, which ends the process unless somebody handles it. Implementations
/// do, and are thread-safe.
/// </summary>
public interface IGuardedCopy
{
    /// <summary>Copies <c>destination.Length</c> bytes.</summary>
    /// <param name="source">The address of the first byte. The bytes belong to a mapping that stays until this returns.</param>
    /// <param name="destination">Receives them, and holds anything after a failure.</param>
    /// <returns>Whether all could be read. If not, reading the file by position tells why.</returns>
    bool TryCopy(nint source, Span<byte> destination);
}
