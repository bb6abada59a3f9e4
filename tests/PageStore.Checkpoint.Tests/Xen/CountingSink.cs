namespace PageStore.Checkpoint.Tests;

/// <summary>Counts and forgets, without an allocation of its own.</summary>
internal sealed class CountingSink : IXenStreamSink
{
    public long Pages { get; private set; }

    public void OnHeader(XenStreamHeader header)
    {
    }

    public void OnPages(ReadOnlySpan<Pfn> pfns, ReadOnlySpan<GuestPageType> types, ReadOnlySpan<byte> pages) => Pages += pfns.Length;

    public void OnSection(string name, ReadOnlySpan<byte> bytes)
    {
    }

    public void OnCheckpoint()
    {
    }
}
