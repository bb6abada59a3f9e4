namespace PageStore.Benchmarks;

/// <summary>Something that keeps the pages of one guest in a file: PageStore, or what else one would take for it.</summary>
internal interface IPagePeer : IDisposable
{
    string Name { get; }

    /// <summary>The file, without what the peer may keep beside it while it is open.</summary>
    string Path { get; }

    /// <summary>Opens the file, which is made if it is not there.</summary>
    void Open(bool toWrite);

    /// <summary>Replaces pages, so that they survive a loss of power when this returns.</summary>
    /// <param name="pages">The page numbers, ascending.</param>
    /// <param name="content">The content of one page after the other.</param>
    void Commit(ReadOnlySpan<long> pages, ReadOnlySpan<byte> content);

    /// <summary>Gives up what the newest commit replaced and the peer still keeps.</summary>
    void Tidy();

    /// <summary>Gives back what space the closed file does not need, by whatever the peer has for that.</summary>
    void Shrink();

    void Read(long page, Span<byte> destination);

    void Close();
}
