using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>Replays a trace, or the epochs of a checkpoint file, through the evaluator.</summary>
internal sealed class PredictRun(PredictRequest request, CancellationToken cancellation)
{
    /// <summary>Runs it.</summary>
    /// <exception cref="PageStoreException">A file cannot be read, or is damaged.</exception>
    /// <exception cref="ArgumentException">An image belongs to no interval.</exception>
    public PredictResult Run(CheckpointAccess access)
    {
        using var evaluator = new PolicyEvaluator([.. request.Policies.Select(ResumePolicies.Create)], request.Options);
        using AccessTraceReader? trace = File.Exists(request.Source) ? RecordedTrace.TryOpen(request.Source) : null;
        if (trace is not null)
        {
            Replay(evaluator, trace);
        }
        else
        {
            Replay(evaluator, access);
        }

        return PredictResult.Of(evaluator, request.Options);
    }

    private void Replay(PolicyEvaluator evaluator, AccessTraceReader trace)
    {
        while (trace.Read() is { } interval)
        {
            using (interval)
            {
                cancellation.ThrowIfCancellationRequested();
                evaluator.Add(interval, TablesOf(evaluator.Intervals, trace.Header));
            }
        }

        ThrowIfUnused(evaluator.Intervals);
    }

    private GuestPageTables? TablesOf(int interval, TraceHeader header)
    {
        if (request.Images.FirstOrDefault(image => image.Interval == interval) is not { } given)
        {
            return null;
        }

        using var memory = new RawImageMemory(given.Path, header.PageSize);
        return memory.PageCount == header.PageCount
            ? GuestPageTables.Find(memory, cancellation)
            : throw new ArgumentException($"{given.Path} has {memory.PageCount} pages, the guest of the trace {header.PageCount}: name an image of this guest.");
    }

    private void Replay(PolicyEvaluator evaluator, CheckpointAccess access)
    {
        EpochReference reference = EpochReference.Parse(request.Source);
        using CheckpointReader reader = access.Open(reference.Path);
        EpochId newest = reference.Epoch ?? reader.Newest ?? throw new ArgumentException($"{reference.Path} has no epoch yet.");
        foreach (EpochInfo info in EpochAccesses.LeadingTo(reader, newest))
        {
            cancellation.ThrowIfCancellationRequested();
            using Epoch epoch = reader.OpenEpoch(info.Id);
            using RecordedInterval interval = EpochAccesses.Read(epoch);
            // The epoch itself is the guest's memory at the end of its interval.
            evaluator.Add(interval, request.Options.Reads ? null : GuestPageTables.Find(epoch, cancellation));
        }

        ThrowIfUnused(0);
    }

    private void ThrowIfUnused(int intervals)
    {
        if (request.Images.FirstOrDefault(image => image.Interval >= intervals) is { } unused)
        {
            throw new ArgumentException($"There is no interval {unused.Interval} for the image {unused.Path}: {(intervals == 0 ? "the epochs of a checkpoint file bring their own" : $"the trace has {intervals}, counted from 0")}.");
        }
    }
}
