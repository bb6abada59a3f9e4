using System.IO.Pipelines;

namespace PageStore.Checkpoint;

/// <summary>What the layers share while one stream is read.</summary>
internal sealed class XenStreamSession
{
    public XenStreamSession(PipeReader reader, IXenStreamSink sink, XenStreamOptions options)
    {
        Cursor = new StreamCursor(reader);
        Sink = sink;
        Budget = new SectionBudget(options.MaxSectionBytes);
        Decoder = new PageDataDecoder(options.MaxPageCount);
    }

    public StreamCursor Cursor { get; }

    public IXenStreamSink Sink { get; }

    public SectionBudget Budget { get; }

    public PageDataDecoder Decoder { get; }

    /// <summary>The outermost layer, once it is known.</summary>
    public ImageFormat Format { get; set; }

    /// <summary>The layer of the pages, once the stream has come to it.</summary>
    public LibxcLayer? Libxc { get; set; }

    /// <summary>Records read, of every layer.</summary>
    public long Records { get; set; }
}
