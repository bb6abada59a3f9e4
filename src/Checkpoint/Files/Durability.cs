namespace PageStore.Checkpoint;

/// <summary>What of committed epochs can be lost: docs/reliability.md, "Durability". In every mode a commit is all or nothing.</summary>
public enum Durability
{
    /// <summary>A commit that has returned survives a loss of power. Costs two syncs a commit.</summary>
    SurvivesPowerLoss = 0,

    /// <summary>
    /// A commit survives the end of the process at once, and a loss of power once its group is synced: see <see cref="CheckpointWriterOptions.GroupSize"/>. A
    /// loss of power costs the commits since the last sync, never more.
    /// </summary>
    SurvivesPowerLossInGroups = 1,

    /// <summary>
    /// A commit survives the end of the process. A loss of power costs the commits since the writer was opened or since
    /// <see cref="CheckpointWriter.Sync"/>, never more.
    /// </summary>
    SurvivesProcessCrash = 2,
}
