using System.Globalization;

namespace PageStore.Cli;

/// <summary>
/// The operator's command that runs while the guest stands still, for each epoch. Whatever becomes of it, the guest goes on and the epoch is
/// committed: memory that was harvested is worth more than a snapshot that went wrong.
/// </summary>
/// <param name="options">What runs, and for how long.</param>
/// <param name="file">The checkpoint file; - for a stream.</param>
/// <param name="isKept">Whether the epoch has a place for what became of it.</param>
/// <param name="domain">The guest's number.</param>
/// <param name="interrupted">Ends a command that runs: nobody waits for a guest that stands still because of one.</param>
internal sealed class PauseHook(PauseHookOptions options, string file, bool isKept, uint domain, CancellationToken interrupted) : IPausedWork
{
    /// <summary>How much of its output an epoch keeps: the name of a snapshot, and a few lines of what went wrong.</summary>
    public const int MaxOutputBytes = 4096;

    /// <summary>The guest's number, as xl takes it.</summary>
    private const string DomainVariable = "PAGESTORE_DOMAIN";

    private HookProcess? _running;

    /// <summary>What became of the last one; null before the first.</summary>
    public HookResult? Last { get; private set; }

    /// <summary>Whether any of them failed.</summary>
    public bool AnyFailed { get; private set; }

    public Task RunAsync(EpochId epoch, CancellationToken abandoned)
    {
        _running = HookProcess.Start(options, file, epoch, (DomainVariable, domain.ToString(CultureInfo.InvariantCulture)));
        return _running.EndAsync(interrupted, abandoned);
    }

    public IEnumerable<(string Name, ReadOnlyMemory<byte> Content)> TakeStates()
    {
        Last = _running!.TakeResult();
        AnyFailed |= !Last.IsSuccess();
        return isKept ? [(HookResult.SectionName, Last.ToSection())] : [];
    }
}
