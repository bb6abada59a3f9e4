using System.Globalization;

namespace PageStore.Cli;

/// <summary>
/// A pipe to somebody who may stop to read. While the guest runs he is waited for, as that only delays the next epoch. A guest that stands still does not wait, and neither does who
/// pressed Ctrl-C.
/// </summary>
/// <param name="inner">The pipe, which stays the caller's.</param>
/// <param name="isPaused">Whether the guest stands still.</param>
/// <param name="patience">How long a write may take then.</param>
/// <param name="interrupted">Ctrl-C.</param>
internal sealed class PatientOutput(Stream inner, Func<bool> isPaused, TimeSpan patience, CancellationToken interrupted) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (isPaused())
        {
            limit.CancelAfter(patience);
        }

        using CancellationTokenRegistration shortened = interrupted.Register(() => limit.CancelAfter(patience));
        try
        {
            // A write into a full pipe cannot be taken back: it is left alone, and ends with the process.
            await inner.WriteAsync(buffer, CancellationToken.None).AsTask().WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"Nobody has read it for {patience.TotalSeconds} s, and the guest does not wait."));
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
        // A pipe keeps nothing back.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
