namespace PageStore.Checkpoint;

/// <summary>
/// File systems of the network, on which writers do not work: their locks come and go with the server, and two hosts may both
/// take themselves for the one writer.
/// </summary>
internal static class RemoteFileSystems
{
    /// <summary>As the framework names the types of statfs(2), and as mount(8) does.</summary>
    private static readonly string[] Names = ["nfs", "nfs4", "smb", "smb2", "smb3", "smbfs", "cifs", "afs", "coda", "ncp", "ncpfs"];

    /// <summary>Whether a type of file system is one of the network.</summary>
    public static bool IsRemote(string format) => Names.Contains(format, StringComparer.OrdinalIgnoreCase);

    /// <summary>Throws if a file, or the folder that it will be in, lies on a network.</summary>
    /// <exception cref="UnsupportedException">It does.</exception>
    public static void ThrowIfRemote(string path)
    {
        string? format = FormatOf(path);
        if (format is not null && IsRemote(format))
        {
            throw new UnsupportedException($"{path} lies on a network file system ({format}), whose locks do not keep a second writer out. Write it on a local file system and copy it.");
        }
    }

    private static string? FormatOf(string path)
    {
        try
        {
            return new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/").DriveFormat;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // What is wrong with the path shows when the file is opened.
            return null;
        }
    }
}
