using System.IO.Compression;

namespace PageStore.Cli;

/// <summary>Traces as files, plain or compressed by gzip.</summary>
internal static class RecordedTrace
{
    /// <summary>RFC 1952, section 2.3.1.</summary>
    private static ReadOnlySpan<byte> GzipMagic => [0x1f, 0x8b];

    /// <summary>Opens a trace; null if the file is something else.</summary>
    /// <exception cref="StorageException">The file cannot be read.</exception>
    public static AccessTraceReader? TryOpen(string path)
    {
        Stream stream;
        try
        {
            stream = File.OpenRead(path);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"Cannot read {path}: {cause.Message}", cause);
        }

        Span<byte> start = stackalloc byte[2];
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        if (read == start.Length && start.SequenceEqual(GzipMagic))
        {
            return Open(new GZipStream(stream, CompressionMode.Decompress));
        }

        if (read > 0 && start[0] == '{')
        {
            return Open(stream);
        }

        stream.Dispose();
        return null;
    }

    private static AccessTraceReader Open(Stream stream)
    {
        try
        {
            return new AccessTraceReader(stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }
}
