using System.Runtime.CompilerServices;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>A disk in memory that knows what was written to it, in blocks of a granularity, and holds whoever reads it to the rules.</summary>
internal sealed class FakeDisk(byte[] content, int granularity = 512) : IDiskImage
{
    private readonly SortedSet<long> _dirty = [];
    private readonly Queue<(long Offset, Memory<byte> Destination)> _reads = [];

    public byte[] Content { get; private set; } = content;

    public string Name => "the fake disk";

    public string Export { get; init; } = "disk";

    public string? Bitmap { get; set; }

    public long Length => Content.Length;

    public int Alignment { get; init; } = 1;

    public int MaxReadBytes { get; init; } = 65536;

    /// <summary>How many bytes were read.</summary>
    public long BytesRead { get; private set; }

    /// <summary>What it says in place of the truth; null says the truth.</summary>
    public DiskExtent[]? Extents { get; init; }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Content.AsSpan((int)offset));
        for (long block = offset / granularity; block <= (offset + bytes.Length - 1) / granularity; block++)
        {
            _dirty.Add(block);
        }
    }

    /// <summary>Makes it longer or shorter, as QEMU does: its bitmap says nothing of what was not there.</summary>
    public void Resize(int length)
    {
        byte[] content = Content;
        Array.Resize(ref content, length);
        Content = content;
        _dirty.RemoveWhere(block => block * granularity >= length);
    }

    /// <summary>Changes it behind the bitmap's back.</summary>
    public void WriteUnseen(long offset, byte value) => Content[offset] = value;

    public void ClearBitmap() => _dirty.Clear();

    /// <summary>Whether a range touches something dirty.</summary>
    public bool IsDirty(long offset, long length) => _dirty.GetViewBetween(offset / granularity, (offset + length - 1) / granularity).Count > 0;

    /// <summary>Whether a block of 512 bytes in a range has something else than zeros.</summary>
    public bool HasData(long offset, long length) => Content.AsSpan((int)offset, (int)Math.Min(length, Length - offset)).ContainsAnyExcept((byte)0);

    public async IAsyncEnumerable<DiskExtent> ReadExtentsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Assert.Empty(_reads);
        await Task.Yield();
        foreach (DiskExtent extent in Extents ?? [.. DataExtents(), .. _dirty.Select(block => Extent(DiskExtentKind.Changed, block * granularity, granularity))])
        {
            yield return extent;
        }
    }

    public ValueTask BeginReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        Assert.True(offset >= 0 && !destination.IsEmpty && offset + destination.Length <= Length, "a read goes beyond the disk");
        Assert.True(offset % Alignment == 0 && (destination.Length % Alignment == 0 || offset + destination.Length == Length), "a read is not aligned");
        Assert.True(destination.Length <= MaxReadBytes && _reads.Count < 16, "a read is too long, or one of too many");
        destination.Span.Fill(0xCC);
        _reads.Enqueue((offset, destination));
        return ValueTask.CompletedTask;
    }

    public async ValueTask EndReadAsync(CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        (long offset, Memory<byte> destination) = _reads.Dequeue();
        Content.AsMemory((int)offset, destination.Length).CopyTo(destination);
        BytesRead += destination.Length;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private IEnumerable<DiskExtent> DataExtents()
    {
        for (long at = 0; at < Length; at += 512)
        {
            if (HasData(at, 512))
            {
                yield return Extent(DiskExtentKind.Data, at, 512);
            }
        }
    }

    private DiskExtent Extent(DiskExtentKind kind, long offset, long length) => new(kind, offset, Math.Min(length, Length - offset));
}
