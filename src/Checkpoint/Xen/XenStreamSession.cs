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

    /// <summary>Those of them that no epoch has a place for.</summary>
    public long RecordsDropped { get; private set; }

    /// <summary>
    /// Hands on what an outer layer says behind the libxc stream. Where that has ended at a checkpoint, the guest of that checkpoint is whole and handed on already, and there is no other to which the records belong: then
    /// they are counted only, but for the last one, which says that there are no more.
    /// </summary>
    public void DeliverTail(SectionBuffer records, string name, long count)
    {
        bool isDropped = Libxc!.Summary.EndsAtCheckpoint;
        RecordsDropped = isDropped ? count - 1 : 0;
        records.Deliver(isDropped ? null : name, Sink);
    }
}
