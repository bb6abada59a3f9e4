namespace PageStore.Checkpoint;

/// <summary>What a capture needs of an epoch under way; <see cref="EpochBuilder"/> says what each means. Disposing before the commit forgets it.</summary>
internal interface ICapturedEpoch : IDisposable
{
    EpochId Id { get; }

    void WritePages(Pfn first, ReadOnlySpan<byte> pages, ReadOnlySpan<GuestPageType> types);

    void AddState(string name, Stream content);

    void SetReadSet(PageBitmap read);

    EpochInfo Commit();
}
