using System.Globalization;

namespace PageStore.Cli;

/// <summary>What this process, and one that serves it, have caused to be read since this was made.</summary>
internal sealed class ProcessInput
{
    /// <summary>The field of /proc/PID/io that counts what came from media, and not from memory (proc_pid_io(5)).</summary>
    private const string Field = "read_bytes: ";

    private readonly int? _server;
    private readonly long? _before;
    private readonly Lock _gate = new();
    private long? _last;

    /// <summary>Begins to count.</summary>
    /// <param name="server">The other process; null without one.</param>
    public ProcessInput(int? server)
    {
        _server = server;
        _before = Now();
    }

    /// <summary>Notes how much it is by now, for when the server has ended. Thread-safe.</summary>
    public void Note()
    {
        lock (_gate)
        {
            _last = Now() ?? _last;
        }
    }

    /// <summary>How many bytes the media had to deliver; null where the kernel does not count that.</summary>
    public long? BytesRead()
    {
        Note();
        lock (_gate)
        {
            return _last - _before;
        }
    }

    private long? Now() => _server is { } id ? BytesReadBy("self") + BytesReadBy(id.ToString(CultureInfo.InvariantCulture)) : BytesReadBy("self");

    private static long? BytesReadBy(string process)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/io").FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal)) is { } line
                ? long.Parse(line.AsSpan(Field.Length), CultureInfo.InvariantCulture)
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
