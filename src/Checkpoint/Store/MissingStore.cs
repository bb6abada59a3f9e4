namespace PageStore.Checkpoint;

/// <summary>Stands in the place of a store that was not found: everything but the pages of the file can be read.</summary>
/// <param name="file">What messages call the file.</param>
internal sealed class MissingStore(string file) : IBlockSource
{
    public string Name => "that was not found";

    public bool TryRead(in BlockHash hash, Span<byte> plain) => throw new StorageException(
        $"{file} has its pages in a store, and lies in none: block {hash} cannot be had. Open the file where it lies in its store, or give the store's folder (--store).");

    public void Dispose()
    {
    }
}
