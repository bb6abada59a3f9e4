using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace PageStore;

/// <summary>
/// Reads recorded page accesses of a guest: JSON Lines, the first a header with <c>format</c> (<c>vmtrace/1</c>), <c>page_size</c> and <c>pages</c>, each further one an interval
/// with <c>written</c> and <c>read</c> as runs <c>[first, count]</c> and, where it was recorded, <c>first_touch</c>, the pages in the order of their first access. A page in both sets counts
/// as written. Behind a resume an interval may have <c>demanded</c> and <c>loaded</c>, see <see cref="AccessInterval.Demanded"/> and <see cref="AccessInterval.Replayed"/>, and the header <c>file</c> and <c>epoch</c>, what was resumed. Memory is bounded by the longest line, which is bounded. Not thread-safe.
/// </summary>
public sealed class AccessTraceReader : IDisposable
{
    internal const string Format = "vmtrace/1";

    /// <summary>A line lists each page at most a few times, in up to a dozen characters: this is a line of a guest of tens of gigabytes that touches everything.</summary>
    private const int MaxLineBytes = 256 << 20;

    private readonly LineReader _lines;

    /// <summary>Reads the header.</summary>
    /// <param name="stream">The lines, as they are (not compressed); disposed with the reader.</param>
    /// <exception cref="CorruptDataException">It is no trace.</exception>
    /// <exception cref="UnsupportedException">It is a trace of another version.</exception>
    public AccessTraceReader(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _lines = new LineReader(stream, MaxLineBytes);
        TraceFirstLine first = Parse(TraceJson.Default.TraceFirstLine) ?? throw Damaged("there is no header");
        if (first.Format != Format)
        {
            throw new UnsupportedException($"The trace says format '{first.Format}', and '{Format}' is the one that is read: record it again in that form.");
        }

        if (!PageSizes.IsValid(first.PageSize) || first.Pages < 1 || first.Pages > Pfn.MaxValue + 1)
        {
            throw Damaged($"{first.Pages} pages of {first.PageSize} bytes are no guest");
        }

        Header = new TraceHeader(first.PageSize, first.Pages, first.Workload ?? string.Empty) { FileId = first.File, Epoch = first.Epoch is { } epoch ? new EpochId(epoch) : null };
    }

    /// <summary>What the first line says.</summary>
    public TraceHeader Header { get; }

    /// <summary>Reads the next interval.</summary>
    /// <returns>The interval, which the caller disposes; null at the end.</returns>
    /// <exception cref="CorruptDataException">A line is no interval of this guest.</exception>
    public RecordedInterval? Read()
    {
        TraceLine? line = Parse(TraceJson.Default.TraceLine);
        if (line is null)
        {
            return null;
        }

        var interval = new RecordedInterval(
            new AccessInterval(new PageBitmap(Header.PageCount), new PageBitmap(Header.PageCount)) { Demanded = SetFor(line.Demanded), Replayed = SetFor(line.Loaded) },
            line.FirstTouch ?? []);
        try
        {
            AccessInterval sets = interval.Accesses;
            SetRuns(sets.Written, line.Written ?? throw Damaged("it has no 'written'"), "written");
            SetRuns(sets.Read!, line.Read ?? throw Damaged("it has no 'read'"), "read");
            SetRuns(sets.Demanded, line.Demanded, "demanded");
            SetRuns(sets.Replayed, line.Loaded, "loaded");
            CheckTouches(interval.FirstTouches.Span);
            sets.Read!.AndNot(sets.Written);
            return interval;
        }
        catch
        {
            interval.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    private T? Parse<T>(JsonTypeInfo<T> type)
        where T : class
    {
        if (!_lines.TryRead(out ReadOnlySpan<byte> line))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(line, type) ?? throw Damaged("it is null");
        }
        catch (JsonException e)
        {
            throw Damaged("it is not the JSON that is expected: " + e.Message);
        }
    }

    private PageBitmap? SetFor(long[][]? runs) => runs is null ? null : new PageBitmap(Header.PageCount);

    private void SetRuns(PageBitmap? set, long[][]? runs, string name)
    {
        foreach (long[] run in runs ?? [])
        {
            if (run is not [long first, long count] || first < 0 || count < 0 || count > Header.PageCount || first > Header.PageCount - count)
            {
                throw Damaged($"'{name}' has a run that is not [first, count] within {Header.PageCount} pages");
            }

            set!.SetRange(new Pfn(first), count);
        }
    }

    private void CheckTouches(ReadOnlySpan<long> touches)
    {
        foreach (long page in touches)
        {
            if (page < 0 || page >= Header.PageCount)
            {
                throw Damaged($"'first_touch' has page {page} of {Header.PageCount}");
            }
        }
    }

    private CorruptDataException Damaged(string why) =>
        new($"Line {_lines.Number} of the trace is damaged: {why}. Record it again, or cut it off before that line.") { Offset = _lines.Offset };
}
