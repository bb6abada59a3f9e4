using System.Text.Json;

namespace PageStore;

/// <summary>Writes what <see cref="AccessTraceReader"/> reads. Not thread-safe.</summary>
public sealed class AccessTraceWriter : IDisposable
{
    private static ReadOnlySpan<byte> LineEnd => "\n"u8;

    private readonly Stream _stream;
    private readonly Utf8JsonWriter _json;

    /// <summary>Writes the header.</summary>
    /// <param name="stream">Where the lines go; disposed with the writer.</param>
    /// <param name="header">What they are about.</param>
    public AccessTraceWriter(Stream stream, TraceHeader header)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(header);
        _stream = stream;
        _json = new Utf8JsonWriter(stream);
        _json.WriteStartObject();
        _json.WriteString("format"u8, AccessTraceReader.Format);
        _json.WriteNumber("page_size"u8, header.PageSize);
        _json.WriteNumber("pages"u8, header.PageCount);
        _json.WriteString("workload"u8, header.Workload);
        if (header is { FileId: { } file, Epoch: { } epoch })
        {
            _json.WriteString("file"u8, file);
            _json.WriteNumber("epoch"u8, epoch.Value);
        }

        EndLine();
    }

    /// <summary>Writes an interval. One without R is written with an empty one.</summary>
    /// <param name="interval">Of the guest of the header.</param>
    public void Write(AccessInterval interval)
    {
        ArgumentNullException.ThrowIfNull(interval);
        _json.WriteStartObject();
        WriteRuns("written"u8, interval.Written);
        WriteRuns("read"u8, interval.Read);
        if (interval.Demanded is not null)
        {
            WriteRuns("demanded"u8, interval.Demanded);
        }

        if (interval.Replayed is not null)
        {
            WriteRuns("loaded"u8, interval.Replayed);
        }

        EndLine();
    }

    /// <summary>Writes out what is left, and closes the stream. May be called again.</summary>
    public void Dispose()
    {
        _json.Dispose();
        _stream.Dispose();
    }

    private void WriteRuns(ReadOnlySpan<byte> name, PageBitmap? set)
    {
        _json.WriteStartArray(name);
        if (set is not null)
        {
            foreach (PfnRun run in set.Runs())
            {
                _json.WriteStartArray();
                _json.WriteNumberValue(run.First.Value);
                _json.WriteNumberValue(run.Count);
                _json.WriteEndArray();
            }
        }

        _json.WriteEndArray();
    }

    private void EndLine()
    {
        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
        _stream.Write(LineEnd);
    }
}
