namespace PageStore.Checkpoint.Tests;

/// <summary>
/// One state that a writer committed: the epochs that the file then has, and when, in numbers of recorded operations.
/// </summary>
/// <param name="Epochs">All epochs of the file.</param>
/// <param name="LastId">The id of the last one that was committed, kept or not.</param>
/// <param name="Begun">How many operations there were before the first that can bring it about.</param>
/// <param name="Returned">How many there were when the call that committed it returned.</param>
internal sealed record CommittedState(IReadOnlyList<ModelEpoch> Epochs, long LastId, int Begun, int Returned)
{
    /// <summary>Nothing was promised yet.</summary>
    public const int NotYet = int.MaxValue;

    /// <summary>How many operations there were when a call began that makes it survive a loss of power.</summary>
    public int SyncBegun { get; init; } = NotYet;

    /// <summary>How many there were when that call returned.</summary>
    public int Durable { get; init; } = NotYet;

    /// <summary>The same, as the medium's content from the start of a recording.</summary>
    public CommittedState AtStart() => this with { Begun = -1, Returned = 0, SyncBegun = -1, Durable = 0 };

    /// <summary>The same, made durable by a call.</summary>
    public CommittedState Synced(int begun, int returned) =>
        this with { SyncBegun = Math.Min(SyncBegun, begun), Durable = Math.Min(Durable, returned) };

    public override string ToString() => $"epochs [{string.Join(' ', Epochs.Select(epoch => epoch.Id))}]";

    /// <summary>With its promises.</summary>
    public string Describe() => $"{this} from {Begun}, returned {Returned}, sync from {SyncBegun}, durable {Durable}";
}

/// <summary>Which states a file may be in after a crash, by their numbers, the ends included.</summary>
/// <param name="Lowest">The last one that was promised; <see cref="NoFile"/> while not even the file is.</param>
/// <param name="Highest">The one that was being committed.</param>
internal readonly record struct Promise(int Lowest, int Highest)
{
    public const int NoFile = -1;

    /// <summary>
    /// What a loss of power behind the first operations of a recording may leave. A state that no call has tried to make durable
    /// counts in its own run of the host only, and never comes back.
    /// </summary>
    public static Promise AfterPowerLoss(IReadOnlyList<CommittedState> states, int operations) => new(
        Last(states, state => state.Durable <= operations),
        Last(states, state => state.SyncBegun < operations));

    /// <summary>What the death of the process there may leave: nothing that was written is lost.</summary>
    public static Promise AfterProcessCrash(IReadOnlyList<CommittedState> states, int operations) => new(
        Last(states, state => state.Returned <= operations),
        Last(states, state => state.Begun < operations));

    /// <summary>Whether a file that keeps this promise keeps the other, too.</summary>
    public bool IsWithin(Promise other) => Lowest >= other.Lowest && Highest <= other.Highest;

    private static int Last(IReadOnlyList<CommittedState> states, Func<CommittedState, bool> holds)
    {
        for (int i = states.Count - 1; i >= 0; i--)
        {
            if (holds(states[i]))
            {
                return i;
            }
        }

        return NoFile;
    }
}
