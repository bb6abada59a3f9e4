using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace PageStore.Checkpoint;

/// <summary>What a stream of checkpoints says before its pages: some of a guest's state sections, which have to make the beginning of a stream that its reader takes.</summary>
internal static class StreamHead
{
    /// <summary>Where the length of the configuration stands in an xl header, and where its version in a libxc one.</summary>
    private const int ConfigLengthOffset = 48;
    private const int VersionOffset = 12;

    /// <summary>What stands in a stream only if the other does, too.</summary>
    private static readonly (string Name, string Needed)[] Needs =
    [
        (XenSections.XlConfig, XenSections.XlHeader),
        (XenSections.XlOptional, XenSections.XlHeader),
        (XenSections.XlHeader, XenSections.LibxlHeader),
        (XenSections.LibxlHead, XenSections.LibxlHeader),
        (XenSections.LibxlHeader, XenSections.LibxlHead),
        (XenSections.LibxlHeader, XenSections.LibxcHeader),
        (XenSections.LibxcStatic, XenSections.LibxcHeader),
    ];

    /// <summary>The sections that stand before the pages, in the order of the stream; none where the state has none of them.</summary>
    /// <exception cref="ArgumentException">They make no stream: one is missing, stands twice, or is not what its name says.</exception>
    public static IReadOnlyList<GuestStateSection> Of(IReadOnlyList<GuestStateSection> state)
    {
        GuestStateSection[] head = [.. XenSections.BeforePages.SelectMany(name => state.Where(section => section.Name == name))];
        if (head.Length > 0)
        {
            CheckNames(head);
            CheckStream(head);
        }

        return head;
    }

    private static void CheckNames(GuestStateSection[] head)
    {
        if (Find(head, XenSections.XapiHead) is not null)
        {
            throw Wrong($"\"{XenSections.XapiHead}\" is there, and a suspend image has no checkpoints: leave it out");
        }

        if (head.GroupBy(section => section.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw Wrong($"\"{twice.Key}\" is there {twice.Count()} times");
        }

        foreach ((string name, string needed) in Needs)
        {
            ThrowIfLacking(head, name, needed, _ => true);
        }

        ThrowIfLacking(head, XenSections.XlHeader, XenSections.XlConfig, header => header.Length >= ConfigLengthOffset + sizeof(uint) && BinaryPrimitives.ReadUInt32LittleEndian(header[ConfigLengthOffset..]) > 0);
        ThrowIfLacking(head, XenSections.LibxcHeader, XenSections.LibxcStatic, header => header.Length >= VersionOffset + sizeof(uint) && BinaryPrimitives.ReadUInt32BigEndian(header[VersionOffset..]) >= 3);
    }

    private static void ThrowIfLacking(GuestStateSection[] head, string name, string needed, Predicate<ReadOnlySpan<byte>> needs)
    {
        if (Find(head, name) is { } section && Find(head, needed) is null && needs(section.Content.Span))
        {
            throw Wrong($"\"{needed}\" is missing, and \"{name}\" is there");
        }
    }

    /// <summary>Has the reader of such streams read one with a checkpoint behind these sections.</summary>
    private static void CheckStream(GuestStateSection[] head)
    {
        var trial = new ArrayBufferWriter<byte>();
        Array.ForEach(head, section => trial.Write(section.Content.Span));
        bool hasLayers = Find(head, XenSections.LibxlHeader) is not null;
        var page = new PageDataRecord(PageSizes.Default);
        page.Claim(1, out _, out Span<GuestPageType> types);
        types[0] = GuestPageType.Absent;
        page.Add(new Pfn(0), 1);
        trial.Write(page.Front.Span);
        trial.Write(LibxcRecords.WithoutBody(LibxcRecordType.Checkpoint));
        trial.Write(hasLayers ? LibxlLayer.MakeCheckpointEnd() : []);
        trial.Write(RecordHeader.End);
        trial.Write(hasLayers ? RecordHeader.End : []);
        try
        {
            PipeReader reader = PipeReader.Create(new ReadOnlySequence<byte>(trial.WrittenMemory));
            XenStreamSummary read = XenStreamReader.ReadAsync(reader, new Nobody(), new XenStreamOptions { MaxSectionBytes = XenStreamOptions.SectionBytesCeiling }).AsTask().GetAwaiter().GetResult();
            if (read is not { Checkpoints: 1, PageEntries: 1, EndsAtCheckpoint: true })
            {
                throw Wrong("they hold pages or checkpoints themselves");
            }
        }
        catch (CorruptDataException cause)
        {
            throw Wrong($"{Whose(head, cause.Offset)} is not what has to stand there ({cause.Message.TrimEnd('.')})", cause);
        }
        catch (UnsupportedException cause)
        {
            throw Wrong($"of what they say something is not read ({cause.Message.TrimEnd('.')})", cause);
        }
    }

    /// <summary>Which section has the byte at which a reader stopped.</summary>
    private static string Whose(GuestStateSection[] head, long? offset)
    {
        long end = 0;
        foreach (GuestStateSection section in head)
        {
            end += section.Content.Length;
            if (offset < end)
            {
                return $"\"{section.Name}\"";
            }
        }

        return $"the end of \"{head[^1].Name}\"";
    }

    private static GuestStateSection? Find(GuestStateSection[] head, string name) => Array.Find(head, section => section.Name == name);

    private static ArgumentException Wrong(string what, Exception? cause = null) =>
        new($"The state sections make no stream that a reader takes: {what}. Give all that {nameof(XenStateSections)}.{nameof(XenStateSections.Of)} makes, or none.", "state", cause);

    /// <summary>Takes what is read, and does nothing with it.</summary>
    private sealed class Nobody : IXenStreamSink
    {
        public void OnHeader(XenStreamHeader header)
        {
        }

        public void OnSection(string name, ReadOnlySpan<byte> bytes)
        {
        }

        public void OnPages(ReadOnlySpan<Pfn> pfns, ReadOnlySpan<GuestPageType> types, ReadOnlySpan<byte> pages)
        {
        }

        public void OnCheckpoint()
        {
        }
    }
}
