using System.IO.Hashing;
using System.Runtime.InteropServices;
using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>Takes what is read of a stream, checks that it is as promised, and keeps a hash of it.</summary>
internal sealed class HashingSink : IXenStreamSink
{
    /// <summary>As <see cref="IPageSink.OnPages"/> promises.</summary>
    private const int MaxBatch = 256;

    private readonly XxHash3 _hash = new();
    private readonly HashSet<string> _sections = [];

    public long PageEntries { get; private set; }

    public long DataPages { get; private set; }

    public long SectionBytes { get; private set; }

    public long Checkpoints { get; private set; }

    public bool HasHeader { get; private set; }

    public ulong Hash => _hash.GetCurrentHashAsUInt64();

    public void OnHeader(XenStreamHeader header)
    {
        BrokenPromiseException.Unless(!HasHeader && PageEntries == 0, "the header comes once, before any page");
        HasHeader = true;
        _hash.Append(System.Text.Encoding.UTF8.GetBytes(header.ToString()));
    }

    public void OnPages(ReadOnlySpan<Pfn> pfns, ReadOnlySpan<GuestPageType> types, ReadOnlySpan<byte> pages)
    {
        BrokenPromiseException.Unless(HasHeader && pfns.Length is > 0 and <= MaxBatch && types.Length == pfns.Length, "a batch has 1 to 256 pages");
        int data = 0;
        for (int i = 0; i < pfns.Length; i++)
        {
            BrokenPromiseException.Unless(pfns[i].Value is >= 0 and <= Pfn.MaxValue && GuestPageTypes.IsDefined(types[i]), "pages and types are valid");
            data += GuestPageTypes.HasData(types[i]) ? 1 : 0;
        }

        BrokenPromiseException.Unless(pages.Length == data * PageSizes.Default, "the pages that have data come with it");
        PageEntries += pfns.Length;
        DataPages += data;
        _hash.Append(MemoryMarshal.AsBytes(pfns));
        _hash.Append(MemoryMarshal.AsBytes(types));
        _hash.Append(pages);
    }

    public void OnCheckpoint()
    {
        _sections.ExceptWith(XenSections.AfterPages);
        Checkpoints++;
        _hash.Append([0]);
    }

    public void OnSection(string name, ReadOnlySpan<byte> bytes)
    {
        BrokenPromiseException.Unless(_sections.Add(name) && !bytes.IsEmpty, "a section comes once, and never empty");
        BrokenPromiseException.Unless(Checkpoints == 0 || XenSections.AfterPages.Contains(name), "what stands before the pages comes before the first checkpoint");
        BrokenPromiseException.Unless(XenSections.BeforePages.Contains(name) || XenSections.AfterPages.Contains(name), "a section has one of the known names");
        SectionBytes += bytes.Length;
        _hash.Append(System.Text.Encoding.UTF8.GetBytes(name));
        _hash.Append(bytes);
    }
}
