namespace PageStore.Checkpoint;

/// <summary>What an epoch is good for.</summary>
public enum EpochConsistency
{
    /// <summary>Not known: an image whose making PageStore did not see.</summary>
    Unknown = 0,

    /// <summary>Taken of a stopped guest: good for forensics and comparison. A guest's PV drivers do not come back from it.</summary>
    Paused = 1,

    /// <summary>Taken across a cooperative suspend, with device and CPU state: can run again.</summary>
    Restorable = 2,
}
