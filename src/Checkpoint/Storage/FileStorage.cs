using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Checkpoint;

/// <summary>A file, read and written by position.</summary>
internal sealed class FileStorage(SafeFileHandle handle, string name) : IStorage
{
    public string Name => name;

    public long Length
    {
        get
        {
            try
            {
                return RandomAccess.GetLength(handle);
            }
            catch (Exception cause) when (IsFailure(cause))
            {
                throw Failed("measure", 0, cause);
            }
        }
    }

    public long FreeBytes
    {
        get
        {
            try
            {
                return new DriveInfo(Path.GetFullPath(name)).AvailableFreeSpace;
            }
            catch (Exception cause) when (IsFailure(cause) || cause is ArgumentException)
            {
                // A name that leads nowhere any more: the file is still there for who has it open.
                return 0;
            }
        }
    }

    public Guid HostRun => HostIdentity.Run;

    internal SafeFileHandle Handle => handle;

    /// <summary>Opens for reading; takes no lock, so that a writer in another process goes on.</summary>
    public static FileStorage OpenToRead(string path) =>
        Guard(path, "open", () => new FileStorage(UnlockedFile.OpenToRead(path), path));

    /// <summary>Opens for writing, under an exclusive flock: <see cref="FileShare.None"/> is LOCK_EX on Unix.</summary>
    /// <exception cref="UnsupportedException">The file lies on a network.</exception>
    public static FileStorage OpenToWrite(string path)
    {
        RemoteFileSystems.ThrowIfRemote(path);
        return Guard(path, "open for writing (is another writer at work on it?)", () =>
        {
            while (true)
            {
                SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                if (!UnlockedFile.IsReplaced(handle))
                {
                    return new FileStorage(handle, path);
                }

                // A compaction put another file into its place between opening and locking it.
                handle.Dispose();
            }
        });
    }

    /// <summary>Creates a file that was not there, readable by its owner only, under an exclusive flock.</summary>
    /// <exception cref="UnsupportedException">The folder lies on a network.</exception>
    public static FileStorage Create(string path)
    {
        RemoteFileSystems.ThrowIfRemote(path);
        return Guard(path, "create", () => CreateNew(path));
    }

    /// <summary>Puts a file that is synced into the place of another one, durably and at once.</summary>
    public static void Replace(string path, string replaced)
    {
        Guard(replaced, "replace", () =>
        {
            File.Move(path, replaced, overwrite: true);
            return true;
        });
        SyncFolderOf(replaced);
    }

    /// <summary>Makes the name of a new file durable.</summary>
    public static void SyncFolderOf(string path) => Guard(path, "sync the folder of", () =>
    {
        UnlockedFile.SyncFolderOf(path);
        return true;
    });

    public void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int read = ReadSome(offset, destination);
            if (read == 0)
            {
                throw Damage.At(offset, $"{name} is truncated: {destination.Length} bytes more were expected");
            }

            offset += read;
            destination = destination[read..];
        }
    }

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        try
        {
            RandomAccess.Write(handle, parts, offset);
            BeginWriteback(offset, parts);
        }
        catch (Exception cause) when (IsFailure(cause))
        {
            throw Failed("write", offset, cause);
        }
    }

    public void Sync()
    {
        try
        {
            MediumAccess.Sync(handle);
        }
        catch (Exception cause) when (IsFailure(cause))
        {
            throw Failed("sync", 0, cause);
        }
    }

    public void Truncate(long length)
    {
        try
        {
            RandomAccess.SetLength(handle, length);
        }
        catch (Exception cause) when (IsFailure(cause))
        {
            throw Failed("truncate", length, cause);
        }
    }

    public bool TryPunch(long offset, long length)
    {
        try
        {
            return MediumAccess.TryPunch(handle, offset, length);
        }
        catch (Exception cause) when (IsFailure(cause))
        {
            throw Failed("give space back of", offset, cause);
        }
    }

    public void ReadMedium(long offset, Span<byte> destination)
    {
        try
        {
            if (MediumAccess.TryReadDirect(handle, offset, destination))
            {
                return;
            }

            MediumAccess.ForgetCached(handle, offset, destination.Length);
        }
        catch (Exception cause) when (IsFailure(cause))
        {
            throw Failed("read", offset, cause);
        }

        Read(offset, destination);
    }

    public bool TryHold(long sequence) => LeaseLocks.TryHold(handle, sequence);

    public void Release(long sequence) => LeaseLocks.Release(handle, sequence);

    public long OldestHeld(long limit)
    {
        try
        {
            return LeaseLocks.IsSupported ? LeaseLocks.OldestHeld(handle, limit) : 0;
        }
        catch (Exception cause) when (IsFailure(cause))
        {
            throw Failed("ask for readers of", 0, cause);
        }
    }

    public void Dispose() => handle.Dispose();

    /// <summary>Only for large writes: the last, small ones of a commit are synced at once anyway.</summary>
    private void BeginWriteback(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        long length = 0;
        for (int i = 0; i < parts.Count; i++)
        {
            length += parts[i].Length;
        }

        if (length >= WriteChunk.FullBytes)
        {
            EarlyWriteback.Begin(handle, offset, length);
        }
    }

    private static FileStorage CreateNew(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            // A guest's memory holds its secrets.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStorage(new FileStream(path, options).SafeFileHandle, path);
    }

    private static T Guard<T>(string path, string action, Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception cause) when (IsFailure(cause))
        {
            throw new StorageException($"Cannot {action} {path}: {cause.Message}", cause) { Errno = ErrnoOf(cause) };
        }
    }

    /// <summary>What the runtime makes of an errno: EACCES, EBADF and EPERM are no I/O error to it, and EFBIG is an argument out of range.</summary>
    private static bool IsFailure(Exception cause) => cause is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException;

    /// <summary>On Unix the runtime puts the errno into HResult; on other systems and for its own errors it is a negative number.</summary>
    private static int ErrnoOf(Exception cause) => cause.HResult is > 0 and < 4096 ? cause.HResult : 0;

    private int ReadSome(long offset, Span<byte> destination)
    {
        try
        {
            return RandomAccess.Read(handle, destination, offset);
        }
        catch (Exception cause) when (IsFailure(cause))
        {
            throw Failed("read", offset, cause);
        }
    }

    private StorageException Failed(string action, long offset, Exception cause) =>
        new(string.Create(CultureInfo.InvariantCulture, $"Cannot {action} {name} at offset {offset}: {cause.Message}"), cause) { Errno = ErrnoOf(cause) };
}
