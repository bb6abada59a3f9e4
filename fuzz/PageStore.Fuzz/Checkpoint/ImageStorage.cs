using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>A sparse image as the medium under a reader.</summary>
internal sealed class ImageStorage(SparseImage image) : IStorage
{
    public string Name => "image";

    public long Length => image.Length;

    public void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > image.Length - destination.Length)
        {
            throw new CorruptDataException($"offset {offset}: the image ends before") { Offset = offset };
        }

        image.Read(offset, destination);
    }

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts) => throw new NotSupportedException("A reader does not write.");

    public void Sync() => throw new NotSupportedException("A reader does not write.");

    public void Truncate(long length) => throw new NotSupportedException("A reader does not write.");

    public void Dispose()
    {
    }
}
