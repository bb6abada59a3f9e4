namespace PageStore.Checkpoint;

/// <summary>What the kernel says of the host that this process runs on.</summary>
internal static class HostIdentity
{
    private const string BootIdPath = "/proc/sys/kernel/random/boot_id";

    /// <summary>
    /// The random id that Linux gives each boot (random(4)); another one each time where there is none, so that nothing is ever
    /// taken for written in the same run of the host.
    /// </summary>
    public static Guid Run { get; } = ReadBootId();

    private static Guid ReadBootId()
    {
        try
        {
            return Guid.TryParse(File.ReadAllText(BootIdPath), out Guid id) ? id : Guid.NewGuid();
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return Guid.NewGuid();
        }
    }
}
