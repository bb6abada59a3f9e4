namespace PageStore.Checkpoint.Tests;

/// <summary>What a writer does to one file, to be crashed at each point.</summary>
internal sealed record CrashScenario(string Title, params IReadOnlyList<CrashStep> Steps)
{
    /// <summary>Of how many commits one is synced in groups.</summary>
    public const int GroupSize = 2;

    /// <summary>Small segments, so that they fill up, and the file stays small.</summary>
    public History Shape { get; init; } = new();

    public Durability Durability { get; init; }

    /// <summary>Whether each epoch moves pages out of sparse segments.</summary>
    public bool CleansAlways { get; init; }

    /// <summary>Whether pages of committed epochs are stored anew, or once more, at some time.</summary>
    public bool MovesPages => CleansAlways || Steps.Any(step => step is PackStep or WriteStep { Plan.Kept: true } or PruneStep { Plan.ReturnSpace: true });

    /// <summary>Whether each epoch has a pack as soon as it is there, but for one without a parent.</summary>
    public bool KeepsPacks => Steps.Any(step => step is WriteStep { Plan.Kept: true });

    public string Name => $"{Title}: {Durability}";

    /// <summary>What the writer that goes on after the crash commits.</summary>
    public EpochPlan OneMore => new() { Parent = -1, Kept = KeepsPacks, Steps = [new PageStep(1, 2, Filling.Random, GuestPageType.Normal, 99)] };

    /// <summary>The same bytes each time: what is drawn by their sum must be the same as well.</summary>
    public CheckpointWriterOptions Options => Shape.WriterOptions with
    {
        Clock = new SteadyClock(),
        FileId = new Guid("01234567-89ab-cdef-0123-456789abcdef"),
        Durability = Durability,
        CleansAlways = CleansAlways,
        GroupSize = GroupSize,

        // Longer than any test: which commits are synced must not depend on time.
        GroupDelay = TimeSpan.FromDays(1),
    };

    public override string ToString() => Name;
}

/// <summary>One thing that a writer is asked to do.</summary>
internal abstract record CrashStep
{
    public static CrashStep Write(int first, int count, int seed, Filling filling = Filling.Random) =>
        new WriteStep(new EpochPlan { Parent = -1, Steps = [new PageStep(first, count, filling, GuestPageType.Normal, seed)] });

    /// <summary>Writes an epoch, and its pack with it.</summary>
    public static CrashStep Keep(int first, int count, int seed, Filling filling = Filling.Random) =>
        new WriteStep(new EpochPlan { Parent = -1, Kept = true, Steps = [new PageStep(first, count, filling, GuestPageType.Normal, seed)] });

    /// <summary>Packs pages of the newest epoch: an even number that five does not divide.</summary>
    public static CrashStep Pack(int seed) => new PackStep(new EpochPlan { Pack = seed });

    /// <summary>Drops the pack of the newest epoch.</summary>
    public static CrashStep DropPack() => new PackStep(new EpochPlan { Pack = 0 });

    /// <summary>Drops epochs by their bits, the oldest first.</summary>
    public static CrashStep Prune(int mask, bool returnSpace) => new PruneStep(new EpochPlan { PruneMask = mask, ReturnSpace = returnSpace });
}

/// <summary>Writes an epoch, or abandons it.</summary>
internal sealed record WriteStep(EpochPlan Plan) : CrashStep;

/// <summary>Drops epochs: the mask of a plan.</summary>
internal sealed record PruneStep(EpochPlan Plan) : CrashStep;

/// <summary>Gives the newest epoch a pack, or takes it away: the seed of a plan.</summary>
internal sealed record PackStep(EpochPlan Plan) : CrashStep;

/// <summary>Makes all that was committed durable.</summary>
internal sealed record SyncStep : CrashStep;

/// <summary>Closes the writer in order and opens another.</summary>
internal sealed record ReopenStep : CrashStep;

/// <summary>Kills the process of the writer, and another opens the file: nothing of what was written is lost, nothing is synced.</summary>
internal sealed record KillStep : CrashStep;
