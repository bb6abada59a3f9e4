namespace PageStore.Benchmarks;

/// <summary>One resume of a machine, as a point of the figures and as a line of the file that keeps them.</summary>
/// <param name="MemoryBytes">The guest's memory: allocated.</param>
/// <param name="ConfiguredPercent">What of it holds something, where that is what differs; null where it is the demo's share, and the memory differs.</param>
/// <param name="Cold">Whether the kernel held nothing of the file; otherwise it held all of it.</param>
/// <param name="Way">How the machine was brought back.</param>
/// <param name="FollowedSeconds">How long it was followed from when it could run.</param>
/// <param name="FirstProgressSeconds">When it had first done something; null if it never did.</param>
/// <param name="BackSeconds">From when on it kept 90 % of full speed; null if it did not, as long as it was followed.</param>
internal sealed record FigurePoint(
    long MemoryBytes, int? ConfiguredPercent, bool Cold, string Way, double FollowedSeconds, double? FirstProgressSeconds, double? BackSeconds);
