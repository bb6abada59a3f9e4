using FsCheck.Xunit;
using Xunit;

namespace PageStore.Tests.Sharing;

/// <summary>Any interleaving of what can be done to images gives the bytes of a naive model, owns what it says, and leaves nothing behind.</summary>
public class MemoryImageModelTests
{
    [Property(MaxTest = 300, Arbitrary = [typeof(ImageScenarioArbitrary)])]
    public void Images_have_the_bytes_of_the_model_and_each_claim_is_counted(ImageScenario scenario)
    {
        // Not disposed by using: where a check fails the images are live, and the pool would tell of that instead.
        var pool = new PageFramePool(scenario.Options);
        var run = new ImageRun(pool, scenario);
        foreach (ImageStep step in scenario.Steps)
        {
            run.Do(step);
            OwnershipAudit.Check(pool, [.. run.Images.Select(image => image.Image)]);
        }

        run.Check();
        while (run.Images.Count > 0)
        {
            run.Do(new ImageStep(StepKind.Drop, scenario.Steps.Count, 0, 0, 0, 0));
            run.Check();
        }

        AssertEmpty(pool);
        pool.Dispose();
    }

    internal static void AssertEmpty(PageFramePool pool)
    {
        PageFrameStatistics held = pool.GetStatistics();
        Assert.Equal((0, 0, 0, 0), (held.Images, held.Nodes, held.Frames, held.FrameBytes));
        Assert.InRange(held.Slabs, 0, 1);
    }
}
