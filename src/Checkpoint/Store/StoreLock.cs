namespace PageStore.Checkpoint;

/// <summary>
/// Says that a process is at work: an exclusive lock on a file, which ends with the process however that ends. The file itself says nothing.
/// </summary>
internal sealed class StoreLock : IDisposable
{
    /// <summary>EWOULDBLOCK of Linux and of macOS: another has the lock.</summary>
    private static readonly int[] WouldBlock = [11, 35];

    private readonly FileStream _file;
    private readonly string _path;

    private StoreLock(FileStream file, string path)
    {
        _file = file;
        _path = path;
    }

    /// <summary>Takes the lock; null where another has it.</summary>
    /// <exception cref="StorageException">The file cannot be made.</exception>
    public static StoreLock? TryTake(string path)
    {
        while (true)
        {
            FileStream file;
            try
            {
                // FileShare.None is an exclusive flock on Unix.
                file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException cause) when (WouldBlock.Contains(cause.HResult))
            {
                return null;
            }
            catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"Cannot lock {path}: {cause.Message}", cause);
            }

            if (!UnlockedFile.IsReplaced(file.SafeFileHandle))
            {
                return new StoreLock(file, path);
            }

            // Its owner removed it between opening and locking it.
            file.Dispose();
        }
    }

    /// <summary>Whether somebody has it. True only while the owner lives.</summary>
    public static bool IsTaken(string path)
    {
        try
        {
            new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0).Dispose();
            return false;
        }
        catch (Exception cause) when (cause is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>Gives the lock back and removes its file.</summary>
    public void Release()
    {
        File.Delete(_path);
        _file.Dispose();
    }

    /// <summary>Gives the lock back as the end of the process does: the file stays.</summary>
    public void Dispose() => _file.Dispose();
}
