namespace PageStore;

/// <summary>
/// The root of PageStore's own exceptions: something is wrong with data, with the host or with the medium, and the message says
/// what, where and what to do. Wrong arguments are <see cref="ArgumentException"/> and its children instead.
/// </summary>
public class PageStoreException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What, where, and what to do.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public PageStoreException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// Data is damaged or not what it says it is: a checksum does not match, a file is truncated, a stream breaks its own rules.
/// Nothing of the damaged data has reached the caller.
/// </summary>
public sealed class CorruptDataException : PageStoreException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What is damaged, where, and what to do.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public CorruptDataException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>The byte offset in the file or stream at which the damage was found, if it is known.</summary>
    public long? Offset { get; init; }

    /// <summary>The page that cannot be had, if the damage concerns one.</summary>
    public Pfn? Pfn { get; init; }

    /// <summary>The epoch that was read, if the damage concerns one.</summary>
    public EpochId? Epoch { get; init; }
}

/// <summary>
/// A key does not fit: an encrypted file was opened without one or with another's, a plain file was opened with one, or what should be a
/// key is none. The message says which; it never holds anything of a key.
/// </summary>
public sealed class WrongKeyException : PageStoreException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What does not fit, where, and what to do.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public WrongKeyException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// Something is in order but beyond this build or this host: a format feature that is specified and not built, a kernel without a
/// facility, a process without a right.
/// </summary>
public sealed class UnsupportedException : PageStoreException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What is missing, and what to do.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public UnsupportedException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>The operating system's error number, or 0 where none was involved.</summary>
    public int Errno { get; init; }

    /// <summary>Whether the host lacks a library that can be installed, and the data is not at fault.</summary>
    public bool IsMissingOnHost { get; init; }
}

/// <summary>
/// The medium or the operating system refused: an I/O error, a full disk, a failed system call. A writer that throws this while
/// writing is poisoned; the file keeps its last committed epoch.
/// </summary>
public sealed class StorageException : PageStoreException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What was tried, where, and what to do.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public StorageException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>The operating system's error number, or 0 where none is known.</summary>
    public int Errno { get; init; }
}

/// <summary>Something that was given a capacity has no room left. Nothing was changed.</summary>
public sealed class CapacityException : PageStoreException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What is full, how much of it is used, and what to do.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public CapacityException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
