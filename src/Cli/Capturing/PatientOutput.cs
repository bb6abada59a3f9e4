using System.Globalization;

namespace PageStore.Cli;

/// <summary>
/// A pipe to somebody who may stop to read, or read too slowly. While the guest runs he is waited for, as that only delays the next epoch. A guest that stands still waits for him for one limit in each standstill, and
/// who pressed Ctrl-C for one limit from then on, however many writes there are: what counts is the time that writes take altogether, so that one who takes a little now and then gets no more than one who takes
/// nothing. What else takes time meanwhile, as a guest that has yet to suspend, is not counted: it is not the reader's. For one thread.
/// </summary>
/// <param name="inner">The pipe, which stays the caller's.</param>
/// <param name="standstill">Whether the guest stands still.</param>
/// <param name="patience">How long writes may take in one standstill.</param>
/// <param name="lastPatience">How long they may take from Ctrl-C on.</param>
/// <param name="interrupted">Ctrl-C.</param>
/// <param name="clock">Null for the system's.</param>
internal sealed class PatientOutput(
    Stream inner, Standstill standstill, TimeSpan patience, TimeSpan lastPatience, CancellationToken interrupted, TimeProvider? clock = null) : Stream
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private long _number;
    private TimeSpan _stood;
    private TimeSpan _last;

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
        if (standstill.Number != _number)
        {
            (_number, _stood) = (standstill.Number, TimeSpan.Zero);
        }

        ThrowIfExhausted();

        // A write into a full pipe cannot be taken back: it is left alone, and ends with the process.
        Task write = inner.WriteAsync(buffer, CancellationToken.None).AsTask();
        while (!await EndsAsync(write, cancellationToken).ConfigureAwait(false))
        {
            ThrowIfExhausted();
        }

        await write.ConfigureAwait(false);
    }

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
        // A pipe keeps nothing back.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Waits until the write ends, the time is up, or Ctrl-C brings another limit; says whether it has ended.</summary>
    private async Task<bool> EndsAsync(Task write, CancellationToken cancellationToken)
    {
        bool isLast = interrupted.IsCancellationRequested;
        using var changed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, isLast ? CancellationToken.None : interrupted);
        long start = _clock.GetTimestamp();
        try
        {
            await write.WaitAsync(Left(isLast), _clock, changed.Token).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Nothing is left of the limit.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C: from here on there is another limit.
        }
        finally
        {
            Count(_clock.GetElapsedTime(start), isLast);
        }

        return write.IsCompleted;
    }

    private void Count(TimeSpan waited, bool isLast)
    {
        _stood += standstill.IsOn ? waited : TimeSpan.Zero;
        _last += isLast ? waited : TimeSpan.Zero;
    }

    private TimeSpan Left(bool isLast)
    {
        TimeSpan left = standstill.IsOn ? patience - _stood : TimeSpan.MaxValue;
        TimeSpan leftAtLast = isLast ? lastPatience - _last : TimeSpan.MaxValue;
        left = left < leftAtLast ? left : leftAtLast;
        return left == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : left;
    }

    private void ThrowIfExhausted()
    {
        if (standstill.IsOn && _stood >= patience)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"Its reader has let the guest stand still for {patience.TotalSeconds} s, and it does not wait longer."));
        }

        if (interrupted.IsCancellationRequested && _last >= lastPatience)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"Its reader has taken {lastPatience.TotalSeconds} s since Ctrl-C, and is not waited for any longer."));
        }
    }
}
