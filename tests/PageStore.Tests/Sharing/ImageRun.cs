using Xunit;

namespace PageStore.Tests.Sharing;

/// <summary>Does steps to images and their models.</summary>
internal sealed class ImageRun(PageFramePool pool, ImageScenario scenario)
{
    private readonly long[] _pages = scenario.Pages;

    public List<ModelledImage> Images { get; } = [];

    public void Do(ImageStep step)
    {
        if (step.Kind == StepKind.Make || Images.Count == 0)
        {
            Images.Add(new ModelledImage(pool, scenario.PageCount, scenario.PageSize));
            return;
        }

        ModelledImage image = Images[step.Image % Images.Count];
        switch (step.Kind)
        {
            case StepKind.Fork:
                Images.Add(image.Fork());
                break;
            case StepKind.Drop:
                image.Dispose();
                Images.Remove(image);
                break;
            default:
                Write(image, step);
                break;
        }
    }

    public void Check()
    {
        foreach (ModelledImage image in Images)
        {
            image.Check(_pages);
        }

        OwnershipAudit.Check(pool, [.. Images.Select(image => image.Image)]);
    }

    private void Write(ModelledImage image, ImageStep step)
    {
        long page = _pages[step.Page % _pages.Length];
        int offset = step.Offset % scenario.PageSize;
        int length = Math.Min(step.Length, scenario.PageSize - offset);
        if (step.Kind is StepKind.WritePage or StepKind.ZeroPage or StepKind.CopyPage)
        {
            (offset, length) = (0, scenario.PageSize);
        }

        byte[] bytes = step.Kind switch
        {
            StepKind.Zero or StepKind.ZeroPage => new byte[length],
            StepKind.Rewrite => image.Read(page)[offset..(offset + length)],
            StepKind.CopyPage => Images[step.Seed % Images.Count].Read(page),
            _ => Filling(step.Seed, length),
        };
        long before = pool.GetStatistics().Frames;
        if (!image.TryWrite(page, offset, bytes))
        {
            // Only where there can be too little room, and never for a page of zeros.
            Assert.True(before + (scenario.PageSize / scenario.BlockSize) > scenario.Capacity);
            Assert.True(length < scenario.PageSize || bytes.AsSpan().ContainsAnyExcept((byte)0));
            Assert.Equal(before, pool.GetStatistics().Frames);
            image.Check([page]);
        }
    }

    /// <summary>Bytes of which many come again, so that blocks become equal, and zero; or any.</summary>
    private static byte[] Filling(int seed, int length)
    {
        byte[] bytes = new byte[length];
        if (seed < 10)
        {
            Array.Fill(bytes, (byte)(seed / 3));
        }
        else
        {
            new Random(seed).NextBytes(bytes);
        }

        return bytes;
    }
}
