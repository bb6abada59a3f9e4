using System.Globalization;

namespace PageStore.Cli;

/// <summary>A stream from somebody who is taken for gone when nothing has come for a while: a host that lost its power closes no connection.</summary>
/// <param name="inner">The stream, which stays the caller's.</param>
/// <param name="patience">How long to wait for each read.</param>
internal sealed class PatientStream(Stream inner, TimeSpan patience) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await inner.ReadAsync(buffer, cancellationToken).AsTask().WaitAsync(patience, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"Nothing has come from the sender for {patience.TotalSeconds} s: it is taken for gone."));
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }
}
