namespace PageStore.Checkpoint;

/// <summary>Compares what the segment table says with what a root reaches: docs/format.md, "Segment table".</summary>
internal static class SegmentAccounts
{
    /// <summary>What is wrong with one account; null where nothing is.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="account">What the table says; null where it says nothing.</param>
    /// <param name="live">The bytes in it that are reached, without nodes of the directory and of the table itself.</param>
    /// <param name="used">How far into the segment these reach.</param>
    /// <param name="isComplete">Whether everything reachable could be read, so that <paramref name="live"/> is exact.</param>
    public static string? WhatIsWrong(long segment, SegmentEntry? account, long live, long used, bool isComplete)
    {
        if (account is not { } given)
        {
            return live == 0 ? null : $"segment {segment} has no account, and {live} bytes of it are in use";
        }

        // What could not be read may be live, too.
        if (given.LiveBytes != live && (isComplete || given.LiveBytes < live))
        {
            return $"the account of segment {segment} says {given.LiveBytes} live bytes, and {live} are";
        }

        return given.UsedBytes < used ? $"the account of segment {segment} says that {given.UsedBytes} bytes are used, and blocks reach to {used}" : null;
    }
}
