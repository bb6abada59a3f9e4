namespace PageStore.Checkpoint.Tests;

/// <summary>What a guest does while it is resumed.</summary>
internal sealed record GuestScript
{
    public int Seed { get; init; }

    /// <summary>How often it touches something, or gives something up.</summary>
    public int Steps { get; init; }

    /// <summary>Whether it gives pages up.</summary>
    public bool Removes { get; init; }

    /// <summary>How many steps before its last it ends; -1 for not at all.</summary>
    public int EndsBeforeStep { get; init; } = -1;

    /// <summary>How many pages it has that its epoch has not.</summary>
    public long PagesBehindEpoch { get; init; }
}
