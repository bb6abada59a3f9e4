namespace PageStore;

/// <summary>
/// The terms of the odds where only writes are known. From a logistic regression over four recorded machines at a time when an image of their memory was known, rounded, and
/// the terms of programs' pages made alike by hand; fitted on three of them, the fourth had a recall within 0.01, but for 0.16 where a store of keys is alone in
/// using all it has. docs/prediction.md has the figures.
/// </summary>
internal static class WrittenWeights
{
    public const float Base = -3;

    // Of a page that was written: that it was, how often in the long run, and how lately.
    public const float Written = 2.7f;
    public const float Slow = 0.6f;
    public const float Fast = 2.6f;

    // A kernel hands out neighbouring pages together. Radii in pages; weights of the roots of the mean frequencies.
    public const int NextRadius = 1;
    public const int NearRadius = 4;
    public const int AroundRadius = 16;
    public const float Near = 0.9f;
    public const float Around = 1.3f;

    // Of a page that is a table.
    public const float UnwrittenTable = 4;
    public const float UsedTable = 1.8f;
    public const float TableActivity = 0.7f;

    // Of a page of programs that was accessed since it was mapped.
    public const float UnwrittenUser = 3.5f;
    public const float WrittenUser = 3;
    public const float UserActivity = 1;

    // Of pages that were not written: the kernel's image, and what is zero.
    public const float EarlyCode = 2;
    public const float Constants = -0.5f;
    public const float KernelData = -1.2f;
    public const float Zero = -3.5f;

    /// <summary>So that a frequency of 0 has a logarithm; about that of one write in a hundred intervals.</summary>
    private const float Least = 0.01f;

    /// <summary>The logarithm of a frequency, 0 for one in every interval.</summary>
    public static float Logarithm(float frequency) => MathF.Log((frequency + Least) / (1 + Least));
}
