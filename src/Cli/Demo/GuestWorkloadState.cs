namespace PageStore.Cli;

/// <summary>How far a guest of <see cref="GuestWorkload"/> is.</summary>
/// <param name="IsReady">Whether it has filled its memory, and works.</param>
/// <param name="Operations">How many operations it has done.</param>
/// <param name="Digest">A hash over the results of all of them.</param>
/// <param name="FailedAt">The guest-physical address of what it ended for; 0 if it did not.</param>
internal sealed record GuestWorkloadState(bool IsReady, long Operations, ulong Digest, ulong FailedAt);
