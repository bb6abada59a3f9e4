namespace PageStore.Cli;

/// <summary>How a machine is brought back.</summary>
/// <param name="Name">As the command line and the results call it.</param>
/// <param name="Description">In half a sentence.</param>
internal sealed record ResumeWay(string Name, string Description)
{
    /// <summary>All of its memory is read before it runs.</summary>
    public static readonly ResumeWay Full = new("full", "all memory is read, then the guest runs");

    /// <summary>All there are, in the order in which they are shown.</summary>
    public static IReadOnlyList<ResumeWay> All { get; } = [Full];
}
