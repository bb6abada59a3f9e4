namespace PageStore.Cli;

/// <summary>A folder for the demo's files, on a disk if the system is an ordinary one. Disposing removes it with all that is in it.</summary>
internal sealed class DemoFolder : IDisposable
{
    /// <summary>Where files outlive a restart, and so not in memory as those in /tmp may be (Filesystem Hierarchy Standard 3.0, 5.15).</summary>
    private const string OnDisk = "/var/tmp";

    private readonly string _path = Make();

    /// <summary>The path of a file in it, which need not exist.</summary>
    public string this[string name] => Path.Combine(_path, name);

    public void Dispose() => Directory.Delete(_path, recursive: true);

    private static string Make()
    {
        if (!OperatingSystem.IsWindows() && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("TMPDIR")) && Directory.Exists(OnDisk))
        {
            // The name is nobody's to guess, and the folder nobody's but the user's.
            string path = Path.Combine(OnDisk, "pagestore-demo-" + Path.GetRandomFileName());
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return path;
        }

        return Directory.CreateTempSubdirectory("pagestore-demo-").FullName;
    }
}
