
namespace PageStore.Benchmarks;

/// <summary>A guest whose memory is one image after the other, and whose dirty log says which pages differ. It stands still while it is looked at.</summary>
/// <param name="images">Its memory at each moment, all of one length.</param>
internal sealed class ImageSeries(byte[][] images) : IGuestMemory, IDirtyLog, IGuestPause
{
    private readonly PageBitmap[] _written = [.. images.Zip(images.Skip(1), Differences)];
    private int _now;
    private bool _isHarvested = true;

    public int PageSize => PageSizes.Default;

    public long PageCount => images[0].Length / PageSize;

    /// <summary>How many pages of the first image hold nothing but zeros.</summary>
    public long ZeroPages => Enumerable.Range(0, (int)PageCount).LongCount(pfn => !PageOf(images[0], pfn).ContainsAnyExcept((byte)0));

    /// <summary>How many pages differ from the image before, over all images.</summary>
    public long PagesWritten => _written.Sum(set => set.Count());

    /// <summary>Whether a page of the image that is there now holds nothing but zeros.</summary>
    public bool IsZero(Pfn pfn) => !PageOf(images[_now], pfn.Value).ContainsAnyExcept((byte)0);

    /// <summary>Whether a page differs between the image that is there now and the one before.</summary>
    public bool WasWrittenLast(Pfn pfn) => _written[_now - 1].Contains(pfn);

    /// <summary>Back to the first image.</summary>
    public void Rewind() => (_now, _isHarvested) = (0, true);

    /// <summary>On to the next image; whether there is one.</summary>
    public bool Advance()
    {
        _isHarvested = false;
        return ++_now < images.Length;
    }

    public void CopyPages(Pfn first, Span<byte> destination, Span<GuestPageType> types)
    {
        images[_now].AsSpan((int)first.Value * PageSize, destination.Length).CopyTo(destination);
        types.Fill(GuestPageType.Normal);
    }

    public void Start()
    {
    }

    public void Peek(PageBitmap written)
    {
        if (!_isHarvested)
        {
            written.Or(_written[_now - 1]);
        }
    }

    public void Harvest(PageBitmap written)
    {
        Peek(written);
        _isHarvested = true;
    }

    public void Stop()
    {
    }

    public void Pause()
    {
    }

    public void Resume()
    {
    }

    public void Dispose()
    {
    }

    private static ReadOnlySpan<byte> PageOf(byte[] image, long pfn) => image.AsSpan((int)(pfn * PageSizes.Default), PageSizes.Default);

    private static PageBitmap Differences(byte[] before, byte[] after)
    {
        var set = new PageBitmap(before.Length / PageSizes.Default);
        for (int pfn = 0; pfn < set.Length; pfn++)
        {
            if (!PageOf(before, pfn).SequenceEqual(PageOf(after, pfn)))
            {
                set.Set(new Pfn(pfn));
            }
        }

        return set;
    }
}
