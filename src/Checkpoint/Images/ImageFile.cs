namespace PageStore.Checkpoint;

/// <summary>
/// A file that an export makes: written under a temporary name beside its own, synced and then renamed, so that the name never stands for half
/// an image. Only its owner can read it: a guest's memory holds its secrets.
/// </summary>
internal static class ImageFile
{
    /// <summary>Writes a file.</summary>
    /// <param name="path">Its name. A symbolic link is followed.</param>
    /// <param name="overwrite">Whether to replace a file of that name.</param>
    /// <param name="write">Writes its content.</param>
    /// <exception cref="StorageException">The file exists, is no regular one, or cannot be written.</exception>
    public static ExportReport Write(string path, bool overwrite, Func<FileStream, ExportReport> write)
    {
        try
        {
            string target = TargetOf(path, overwrite);
            string temporary = $"{target}.{Path.GetRandomFileName()}.partial";
            try
            {
                ExportReport report;
                using (FileStream file = Create(temporary))
                {
                    report = write(file);
                    MediumAccess.Sync(file.SafeFileHandle);
                }

                File.Move(temporary, target, overwrite);
                return report;
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"Cannot write the image {path}: {cause.Message}", cause);
        }
    }

    /// <summary>The file that a path stands for, if it may be written.</summary>
    private static string TargetOf(string path, bool overwrite)
    {
        // The link itself is asked, so that one whose target is not there yet is followed as well.
        string target = new FileInfo(path).LinkTarget is null
            ? Path.GetFullPath(path)
            : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
        if (target.StartsWith("/dev/", StringComparison.Ordinal) || Directory.Exists(target))
        {
            // Renaming onto a device would replace it by a file.
            throw new StorageException($"Cannot write an image to {path}: it is a device or a directory. Name a file, or export to standard output.");
        }

        if (!overwrite && File.Exists(target))
        {
            throw new StorageException($"Cannot write an image to {path}: it exists already. Remove it first, or allow to overwrite it.");
        }

        return target;
    }

    private static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }
}
