namespace PageStore.Checkpoint.Tests;

/// <summary>Runs a scenario to its end or to a fault, and records each operation and what was promised when.</summary>
internal sealed class CrashRun
{
    private readonly CrashScenario _scenario;
    private readonly Fault? _fault;
    private readonly List<CommittedState> _states = [];
    private readonly HistoryWriter _history;
    private MemoryStorage? _storage;
    private CheckpointWriter? _writer;
    private int _unsynced;

    private CrashRun(CrashScenario scenario, Fault? fault)
    {
        _scenario = scenario;
        _fault = fault;
        _history = new HistoryWriter(scenario.Shape, [], 0);
    }

    public MemoryFile File { get; } = new();

    /// <summary>The states that the writer committed, the empty file first.</summary>
    public IReadOnlyList<CommittedState> States => _states;

    /// <summary>What ended it early.</summary>
    public StorageException? Failure { get; private set; }

    /// <summary>Whether the writer refused everything behind the failure.</summary>
    public bool Poisoned { get; private set; }

    /// <summary>Whether it did anything to the file behind the failure that can be seen.</summary>
    public bool Touched { get; private set; }

    /// <summary>Whether the fault struck while a writer was closed, which tells nobody.</summary>
    public bool StruckQuietly { get; private set; }

    private int Now => File.Operations.Count;

    public static CrashRun Of(CrashScenario scenario) => Into(scenario, null);

    /// <summary>Runs until the fault strikes; the writer is closed then, and must have been poisoned.</summary>
    public static CrashRun Into(CrashScenario scenario, Fault? fault)
    {
        var run = new CrashRun(scenario, fault);
        try
        {
            run.Create();
            foreach (CrashStep step in scenario.Steps)
            {
                if (run.StruckQuietly)
                {
                    // What the next writer finds is for the test to say.
                    return run;
                }

                run.Do(step);
            }

            run.Close();
        }
        catch (StorageException failure) when (fault is { Struck: true })
        {
            run.Failure = failure;
            run.CloseBroken();
        }

        return run;
    }

    private void Create()
    {
        _storage = new MemoryStorage(File, _fault);
        _writer = CheckpointWriter.Create(_storage, _scenario.Options);
        Committed(begun: 0);
        Synced(begun: 0);
    }

    private void Do(CrashStep step)
    {
        int begun = Now;
        switch (step)
        {
            case WriteStep write:
                _history.WriteEpoch(_writer!, write.Plan);
                if (!write.Plan.Abandon)
                {
                    Committed(begun);
                    SyncedIfDue(begun);
                }

                break;
            case PruneStep prune:
                _history.Prune(_writer!, prune.Plan);
                Committed(begun);
                SyncedIfDue(begun, always: prune.Plan.ReturnSpace);
                break;
            case PackStep pack:
                _history.Pack(_writer!, pack.Plan);
                Committed(begun);
                SyncedIfDue(begun, always: pack.Plan.Pack == 0);
                break;
            case SyncStep:
                _writer!.Sync();
                Synced(begun);
                break;
            case ReopenStep:
                Close();
                if (!StruckQuietly)
                {
                    Open();
                }

                break;
            case KillStep:
                _storage!.Kill();
                _writer!.Dispose();
                Open();
                break;
        }
    }

    private void Open()
    {
        _writer = null;
        _unsynced = 0;
        _storage = new MemoryStorage(File, _fault);
        _writer = CheckpointWriter.Open(_storage, _scenario.Options);
    }

    /// <summary>Closes in order. An error in that is told to nobody; what was not synced then still is not.</summary>
    private void Close()
    {
        int begun = Now;
        bool before = _fault is { Struck: true };
        _writer!.Dispose();
        if (before == _fault is { Struck: true })
        {
            Synced(begun);
        }
        else
        {
            StruckQuietly = true;
        }
    }

    private void Committed(int begun)
    {
        // In groups the writer may sync earlier than it must.
        int sync = _scenario.Durability == Durability.SurvivesProcessCrash ? CommittedState.NotYet : begun;
        _states.Add(new CommittedState([.. _history.Epochs], _history.LastId, begun, Now) { SyncBegun = sync });
        _unsynced++;
    }

    /// <summary>The promise of each mode: <see cref="Durability"/>.</summary>
    private void SyncedIfDue(int begun, bool always = false)
    {
        if (always || _scenario.Durability == Durability.SurvivesPowerLoss || (_scenario.Durability == Durability.SurvivesPowerLossInGroups && _unsynced >= CrashScenario.GroupSize))
        {
            Synced(begun);
        }
    }

    private void Synced(int begun)
    {
        for (int i = 0; i < _states.Count; i++)
        {
            _states[i] = _states[i].Synced(begun, Now);
        }

        _unsynced = 0;
    }

    /// <summary>Whatever a broken writer does while it is closed, it must not touch the file any more, nor throw a second time.</summary>
    private void CloseBroken()
    {
        int before = Now;
        Poisoned = _writer is null || IsPoisoned(_writer);
        _writer?.Dispose();
        _writer?.Dispose();

        // A write of pages that was under way when another failed may still end; nothing reaches them.
        Touched = File.Operations.Skip(before).Any(operation => operation is not WriteOperation { Offset: >= Layout.SegmentsOffset });
    }

    private static bool IsPoisoned(CheckpointWriter writer) =>
        Refuses(() => writer.BeginEpoch()) && Refuses(() => writer.BeginEpoch(new EpochOptions { PageCount = 1 })) && Refuses(() => writer.OpenEpoch(new EpochId(1)));

    private static bool Refuses(Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (PageStoreException failure)
        {
            return failure is StorageException;
        }
        catch (InvalidOperationException failure)
        {
            return failure is ObjectDisposedException;
        }
    }
}
