namespace PageStore.Checkpoint;

/// <summary>What a guest demanded while it was resumed, and what was loaded without being demanded. It belongs to the epoch that was resumed. Whoever gets it disposes it.</summary>
public sealed class ResumeRecord : IDisposable
{
    /// <summary>What a trace says of itself, for people.</summary>
    private const string Workload = "resume";

    private readonly int _pageSize;

    internal ResumeRecord(Guid file, EpochId epoch, int pageSize, PageBitmap demanded, PageBitmap loaded) =>
        (FileId, Epoch, _pageSize, Demanded, Loaded) = (file, epoch, pageSize, demanded, loaded);

    /// <summary>The checkpoint file of the epoch, see <see cref="CheckpointReader.FileId"/>.</summary>
    public Guid FileId { get; }

    /// <summary>The epoch.</summary>
    public EpochId Epoch { get; }

    /// <summary>The pages that the guest waited for.</summary>
    public PageBitmap Demanded { get; }

    /// <summary>The pages that were loaded ahead. A log that sees them mapped takes them for read; the predictor must not.</summary>
    public PageBitmap Loaded { get; }

    /// <summary>Writes it as a trace of one interval, see <see cref="AccessTraceReader"/>.</summary>
    /// <param name="stream">Disposed when this returns.</param>
    public void Save(Stream stream)
    {
        using var trace = new AccessTraceWriter(stream, new TraceHeader(_pageSize, Demanded.Length, Workload) { FileId = FileId, Epoch = Epoch });
        using var none = new PageBitmap(Demanded.Length);
        trace.Write(Amend(new AccessInterval(none, none)));
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="stream">Disposed when this returns.</param>
    /// <returns>The caller disposes it.</returns>
    /// <exception cref="CorruptDataException">It is no such trace.</exception>
    public static ResumeRecord Load(Stream stream)
    {
        using var trace = new AccessTraceReader(stream);
        if (trace.Header is not { FileId: { } file, Epoch: { } epoch } || trace.Read() is not { } interval)
        {
            throw new CorruptDataException("This is no record of a resume: it says of no epoch what was demanded behind it.");
        }

        using (interval)
        {
            return interval.Accesses is { Demanded: { } demanded, Replayed: { } loaded }
                ? new ResumeRecord(file, epoch, trace.Header.PageSize, demanded.Copy(), loaded.Copy())
                : throw new CorruptDataException("This is no record of a resume: its interval has no demanded and loaded pages.");
        }
    }

    /// <summary>The interval behind the resume as a predictor is to learn it.</summary>
    /// <param name="interval">What the log says of it.</param>
    /// <returns>The interval, with bitmaps lent by it and by this record.</returns>
    /// <exception cref="ArgumentException">The interval is of a guest of another size.</exception>
    public AccessInterval Amend(AccessInterval interval)
    {
        ArgumentNullException.ThrowIfNull(interval);
        if (interval.Written.Length < Demanded.Length)
        {
            throw new ArgumentException($"The interval has {interval.Written.Length} pages, the resumed epoch {Demanded.Length}: take one of the same guest.", nameof(interval));
        }

        return interval with { Demanded = Demanded, Replayed = Loaded };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Demanded.Dispose();
        Loaded.Dispose();
    }
}
