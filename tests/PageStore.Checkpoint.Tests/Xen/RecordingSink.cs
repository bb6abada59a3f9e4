using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Keeps all that a reader delivers, and checks the promises that every delivery makes.</summary>
internal sealed class RecordingSink : IXenStreamSink
{
    public readonly record struct Entry(long Pfn, byte Type, byte[]? Data);

    public List<Entry> Entries { get; } = [];

    public List<(string Name, byte[] Bytes)> Sections { get; } = [];

    public XenStreamHeader? Header { get; private set; }

    public int LargestBatch { get; private set; }

    public void OnHeader(XenStreamHeader header)
    {
        Assert.Null(Header);
        Header = header;
    }

    public void OnPages(ReadOnlySpan<Pfn> pfns, ReadOnlySpan<GuestPageType> types, ReadOnlySpan<byte> pages)
    {
        Assert.Equal(pfns.Length, types.Length);
        LargestBatch = Math.Max(LargestBatch, pfns.Length);
        for (int i = 0; i < pfns.Length; i++)
        {
            bool carries = types[i] < GuestPageType.Broken;
            Entries.Add(new Entry(pfns[i].Value, (byte)types[i], carries ? pages[..4096].ToArray() : null));
            pages = pages[(carries ? 4096 : 0)..];
        }

        Assert.Equal(0, pages.Length);
    }

    /// <summary>For each checkpoint, how many entries and sections there were.</summary>
    public List<(int Entries, int Sections)> Checkpoints { get; } = [];

    public void OnCheckpoint() => Checkpoints.Add((Entries.Count, Sections.Count));

    public void OnSection(string name, ReadOnlySpan<byte> bytes)
    {
        int sinceCheckpoint = Checkpoints.Count == 0 ? 0 : Checkpoints[^1].Sections;
        Assert.DoesNotContain(Sections.Skip(sinceCheckpoint), s => s.Name == name);
        Assert.True(Checkpoints.Count == 0 || XenSections.AfterPages.Contains(name));
        Assert.NotEqual(0, bytes.Length);
        Sections.Add((name, bytes.ToArray()));
    }
}
