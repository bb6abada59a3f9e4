using System.Globalization;

namespace PageStore.Cli;

/// <summary>What a process has caused to be read.</summary>
internal static class ProcessInput
{
    /// <summary>The field of /proc/PID/io that counts what came from media, and not from memory (proc_pid_io(5)).</summary>
    private const string Field = "read_bytes: ";

    /// <summary>How many bytes the media had to deliver for this process so far; null where the kernel does not count that.</summary>
    public static long? BytesRead()
    {
        try
        {
            return File.ReadLines("/proc/self/io").FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal)) is { } line
                ? long.Parse(line.AsSpan(Field.Length), CultureInfo.InvariantCulture)
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
