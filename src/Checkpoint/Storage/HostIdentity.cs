namespace PageStore.Checkpoint;

/// <summary>What the kernel says of the host that this process runs on.</summary>
internal static class HostIdentity
{
    private const string BootIdPath = "/proc/sys/kernel/random/boot_id";

    /// <summary>
    /// The random id that Linux gives each boot (random(4)); empty where there is none, elsewhere than on Linux or where /proc is missing. Then each commit is synced, since what another process
    /// left unsynced cannot be told from what a loss of power left.
    /// </summary>
    public static Guid Run { get; } = Read(BootIdPath);

    /// <summary>The id in a file; empty if there is none.</summary>
    internal static Guid Read(string path)
    {
        try
        {
            return Guid.TryParse(File.ReadAllText(path), out Guid id) ? id : Guid.Empty;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return Guid.Empty;
        }
    }
}
