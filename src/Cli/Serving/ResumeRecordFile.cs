using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>Records of resumes as files.</summary>
internal static class ResumeRecordFile
{
    /// <summary>Reads one.</summary>
    /// <exception cref="StorageException">The file cannot be read.</exception>
    /// <exception cref="CorruptDataException">It is no record.</exception>
    public static ResumeRecord Load(string path)
    {
        try
        {
            return ResumeRecord.Load(File.OpenRead(path));
        }
        catch (CorruptDataException damage)
        {
            throw new CorruptDataException($"{path}: {damage.Message}", damage);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"Cannot read {path}: {cause.Message}", cause);
        }
    }

    /// <summary>Writes one in the place of what was there, whole or not at all; does nothing without a path.</summary>
    /// <exception cref="StorageException">The file cannot be written.</exception>
    public static void Save(ResumeRecord record, string? path)
    {
        if (path is null)
        {
            return;
        }

        string aside = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            record.Save(new FileStream(aside, FileMode.CreateNew, FileAccess.Write));
            File.Move(aside, path, overwrite: true);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            File.Delete(aside);
            throw new StorageException($"Cannot write {path}: {cause.Message} Free space, or name another file.", cause);
        }
    }
}
