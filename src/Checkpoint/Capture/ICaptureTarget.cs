namespace PageStore.Checkpoint;

/// <summary>Where the epochs of a capture go: into a checkpoint file, or over a stream to one. For one thread.</summary>
internal interface ICaptureTarget
{
    /// <summary>In bytes.</summary>
    int PageSize { get; }

    /// <summary>The epoch that was committed last, against which the next one is described; null where there is none.</summary>
    EpochId? Newest { get; }

    /// <summary>Begins an epoch; only one can be under way.</summary>
    ICapturedEpoch BeginEpoch(EpochOptions options);
}
