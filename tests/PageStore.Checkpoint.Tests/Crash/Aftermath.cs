namespace PageStore.Checkpoint.Tests;

/// <summary>One way in which a loss of power can treat the operations that were not synced.</summary>
/// <param name="Name">What it is, for whoever has to find the state again.</param>
/// <param name="Survives">Which sectors of which operation reach the medium.</param>
/// <param name="Growth">How long the file is.</param>
internal sealed record Aftermath(string Name, Func<int, int, bool> Survives, Growth Growth = Growth.AsWritten)
{
    public override string ToString() => $"{Name}, length {Growth}";
}

/// <summary>How many states are tried at each point of a crash.</summary>
internal sealed record Thoroughness
{
    /// <summary>Up to this many operations that were not synced, each subset of them is tried.</summary>
    public int AllOperations { get; init; } = 12;

    /// <summary>Up to this many sectors, each subset of one operation's sectors is tried.</summary>
    public int AllSectors { get; init; } = 6;

    /// <summary>Where not all are tried, this many are drawn.</summary>
    public int Samples { get; init; } = 200;

    /// <summary>Whether the file is tried in each length that it may have, where the extremes are tried.</summary>
    public bool AllLengths { get; init; } = true;

    /// <summary>Of so many states one has to take another epoch, besides being whole.</summary>
    public int GoOnEvery { get; init; } = 1;

    /// <summary>Of so many states one is crashed again while the next writer goes on in it.</summary>
    public int SecondCrashEvery { get; init; } = 40;
}
