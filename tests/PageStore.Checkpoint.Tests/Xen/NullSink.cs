namespace PageStore.Checkpoint.Tests.Xen;

/// <summary>Counts and forgets, without an allocation of its own.</summary>
internal sealed class NullSink : IXenStreamSink
{
    public long Pages { get; private set; }

    public void OnHeader(XenStreamHeader header)
    {
    }

    public void OnPages(ReadOnlySpan<Pfn> pfns, ReadOnlySpan<GuestPageType> types, ReadOnlySpan<byte> pages) => Pages += pfns.Length;

    public void OnSection(string name, ReadOnlySpan<byte> bytes)
    {
    }
}
