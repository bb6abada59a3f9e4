using System.IO.Pipelines;
using System.Runtime.ExceptionServices;

namespace PageStore.Checkpoint;

/// <summary>
/// Reads a pipe whose writer failed: all that it wrote before, and then the failure. A pipe that is completed with an exception throws it at once, and
/// what has arrived is lost.
/// </summary>
internal sealed class DrainedPipeReader(PipeReader inner) : PipeReader
{
    /// <summary>Why the writer failed; set before it completes the pipe.</summary>
    public Exception? Failure { get; set; }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        Checked(await inner.ReadAsync(cancellationToken).ConfigureAwait(false));

    public override bool TryRead(out ReadResult result)
    {
        bool any = inner.TryRead(out result);
        result = any ? Checked(result) : result;
        return any;
    }

    public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private ReadResult Checked(ReadResult result)
    {
        if (result.IsCompleted && result.Buffer.IsEmpty && Failure is { } failure)
        {
            inner.AdvanceTo(result.Buffer.End);
            ExceptionDispatchInfo.Throw(failure);
        }

        return result;
    }
}
