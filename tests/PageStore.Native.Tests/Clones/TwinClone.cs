namespace PageStore.Native.Tests;

/// <summary>A clone, and beside it a plain copy of its bytes and a set of the pages that were written.</summary>
internal sealed class TwinClone(MemoryClone clone, byte[] bytes) : IDisposable
{
    private readonly HashSet<long> _written = [];

    internal void Write(int page, int offset, byte value)
    {
        int at = (page * Environment.SystemPageSize) + offset;
        clone.Memory.GetSpan(at, 1)[0] = value;
        bytes[at] = value;
        _written.Add(page);
    }

    internal void AssertSame()
    {
        Assert.Equal(_written.Order(), CloneTests.OwnOf(clone));
        Assert.True(CloneTests.ImageOf(clone.Memory).AsSpan().SequenceEqual(bytes), "a clone has other bytes than it should");
        Assert.Equal(_written.Order(), CloneTests.OwnOf(clone));
    }

    public void Dispose() => clone.Dispose();
}

/// <summary>Something that is done to clones.</summary>
/// <param name="Kind">What.</param>
/// <param name="Target">To which.</param>
/// <param name="Page">To which page.</param>
/// <param name="Offset">Where in it.</param>
/// <param name="Value">The byte written.</param>
public sealed record CloneStep(byte Kind, byte Target, ushort Page, ushort Offset, byte Value)
{
    /// <summary>Does it. Of eight steps one makes a clone, one ends one, one looks, and five write.</summary>
    internal void Apply(CloneBase source, byte[] content, List<TwinClone> clones)
    {
        if (Kind % 8 == 0 || clones.Count == 0)
        {
            clones.Add(new TwinClone(source.MapClone(), [.. content]));
            return;
        }

        TwinClone clone = clones[Target % clones.Count];
        switch (Kind % 8)
        {
            case 1:
                clone.Dispose();
                clones.Remove(clone);
                break;
            case 2:
                clone.AssertSame();
                break;
            default:
                clone.Write((int)(Page % source.PageCount), Offset % source.PageSize, Value);
                break;
        }
    }
}
