using System.IO.Pipelines;

namespace PageStore.Checkpoint;

/// <summary>
/// Reads what Xen saves of a guest: a file of <c>xl save</c>, a bare libxl stream, a bare libxc stream or a suspend image of XAPI, of PV, HVM and PVH
/// guests, as it arrives. It holds at most 256 pages and the limits of <see cref="XenStreamOptions"/> in memory, whatever the
/// stream claims. Of checkpointed streams those of Remus are read, see <see cref="IXenStreamSink.OnCheckpoint"/>; COLO's, big-endian and legacy (version 1) ones are refused by name.
/// The formats: docs/specs/libxl-migration-stream and docs/specs/libxc-migration-stream of Xen.
/// </summary>
public static class XenStreamReader
{
    /// <summary>What tells the formats apart: the shortest of their magics.</summary>
    private const int PrefixSize = 8;

    /// <summary>
    /// Reads one whole stream, to the end of <paramref name="reader"/>; but a suspend image lies on a disk that is larger, and what follows it there is not
    /// looked at. The caller completes the reader, in every case. Several
    /// streams may be read at the same time, each with its own reader and sink.
    /// </summary>
    /// <param name="reader">The stream, at its beginning. Its own exceptions pass through.</param>
    /// <param name="sink">
    /// Takes the pages and sections. What it was given is to be thrown away when this throws: the stream is then not whole.
    /// </param>
    /// <param name="options">The limits; the defaults when null.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>What was read.</returns>
    /// <exception cref="CorruptDataException">
    /// The stream is truncated before its first checkpoint, goes on behind its end, or breaks a rule of its format;
    /// <see cref="CorruptDataException.Offset"/> says where.
    /// </exception>
    /// <exception cref="UnsupportedException">
    /// The stream is of a kind that is not read, or larger than <see cref="XenStreamOptions.MaxSectionBytes"/>.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">The token or the reader was canceled.</exception>
    public static ValueTask<XenStreamSummary> ReadAsync(
        PipeReader reader, IXenStreamSink sink, XenStreamOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(sink);
        options ??= new XenStreamOptions();
        options.Validate();
        return ReadAsync(new XenStreamSession(reader, sink, options), cancellationToken);
    }

    private static async ValueTask<XenStreamSummary> ReadAsync(XenStreamSession session, CancellationToken cancellationToken)
    {
        var header = new SectionBuffer(session.Budget);
        var place = StreamPlace.Header("the header of the stream", 0);
        await header.AppendAsync(session.Cursor, PrefixSize, place, cancellationToken).ConfigureAwait(false);
        session.Format = FormatOf(header.Written, place);
        if (session.Format == ImageFormat.XlSave)
        {
            await XlHeader.ReadAsync(session, header, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            await ReadLayersAsync(session, header, cancellationToken).ConfigureAwait(false);
        }
        catch (CorruptDataException) when (session.Cursor.IsCutOff && session.Libxc?.Summary.Checkpoints > 0)
        {
            // That is how such a stream ends: its sender is gone, and the last checkpoint counts.
        }

        return session.Libxc!.Summary with
        {
            Bytes = session.Cursor.Position,
            Records = session.Records,
            IsCutOff = session.Cursor.IsCutOff,
            RecordsDropped = session.RecordsDropped,
        };
    }

    private static async ValueTask ReadLayersAsync(XenStreamSession session, SectionBuffer header, CancellationToken cancellationToken)
    {
        if (session.Format == ImageFormat.XapiImage)
        {
            await new XapiLayer(session).ReadAsync(header, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (session.Format == ImageFormat.LibxcStream)
        {
            session.Libxc = new LibxcLayer(session);
            await session.Libxc.ReadAsync(header, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await new LibxlLayer(session).ReadAsync(header, cancellationToken).ConfigureAwait(false);
        }

        await session.Cursor.ExpectEndAsync(cancellationToken).ConfigureAwait(false);
    }

    private static ImageFormat FormatOf(ReadOnlySpan<byte> prefix, StreamPlace place)
    {
        if (XlHeader.Magic.StartsWith(prefix))
        {
            return ImageFormat.XlSave;
        }

        if (LibxlLayer.Magic.StartsWith(prefix))
        {
            return ImageFormat.LibxlStream;
        }

        if (XapiLayer.Magic.StartsWith(prefix))
        {
            return ImageFormat.XapiImage;
        }

        return LibxcHeaders.Magic.StartsWith(prefix)
            ? ImageFormat.LibxcStream
            : throw place.Corrupt("it begins neither as a file of xl save nor as a libxl or libxc stream nor as a suspend image");
    }
}
