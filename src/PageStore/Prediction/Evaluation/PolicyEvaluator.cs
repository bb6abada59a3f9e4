namespace PageStore;

/// <summary>
/// Replays recorded accesses: behind each interval every policy makes a plan from what it has seen, and once the intervals of the horizon have passed, the plan is held against
/// what the guest touched in them. Not thread-safe. It disposes the policies.
/// </summary>
public sealed class PolicyEvaluator : IDisposable
{
    private readonly IReadOnlyList<IResumePolicy> _policies;
    private readonly EvaluationOptions _options;
    private readonly Queue<PendingPlans> _pending = new();
    private readonly List<PlanFigures>[] _figures;
    private GuestPageTables? _tables;

    /// <summary>Begins.</summary>
    /// <param name="policies">That know nothing yet.</param>
    /// <param name="options">How plans are judged; null for the usual way.</param>
    public PolicyEvaluator(IReadOnlyList<IResumePolicy> policies, EvaluationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(policies);
        _options = options ?? new EvaluationOptions();
        _options.Validate();
        _policies = policies;
        _figures = [.. policies.Select(_ => new List<PlanFigures>())];
    }

    /// <summary>How many intervals were replayed.</summary>
    public int Intervals { get; private set; }

    /// <summary>Replays an interval.</summary>
    /// <param name="interval">The next one; it may be disposed afterwards.</param>
    /// <param name="tables">The page tables of the guest at its end if its memory is known then, or null; owned by the evaluator from now on.</param>
    public void Add(RecordedInterval interval, GuestPageTables? tables = null)
    {
        ArgumentNullException.ThrowIfNull(interval);
        using var accessed = new PageBitmap(interval.Accesses.Written.Length);
        interval.Accesses.AddAccessed(accessed);
        Judge(accessed, interval.FirstTouches.Span);
        AccessInterval shown = _options.Reads ? interval.Accesses : interval.Accesses with { Read = null };
        foreach (IResumePolicy policy in _policies)
        {
            policy.Observe(shown);
        }

        Learn(tables);
        if (Intervals++ >= _options.FirstPlan)
        {
            long budget = ResumeBudget.OfAccessed(accessed.Count(), _options.Budget).Pages;
            _pending.Enqueue(new PendingPlans([.. _policies.Select(policy => policy.Rank(budget))]));
        }
    }

    /// <summary>The figures of each policy, in the order in which they were given; 0 where no plan could be judged.</summary>
    public IReadOnlyList<PolicyScore> Scores() => [.. _policies.Select((policy, index) => PlanFigures.Summarize(policy.Name, _figures[index]))];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PendingPlans plans in _pending)
        {
            plans.Dispose();
        }

        _pending.Clear();
        foreach (IResumePolicy policy in _policies)
        {
            policy.Dispose();
        }

        _tables?.Dispose();
    }

    private void Learn(GuestPageTables? tables)
    {
        if (tables is null)
        {
            return;
        }

        foreach (IResumePolicy policy in _policies)
        {
            policy.ObserveTables(tables);
        }

        _tables?.Dispose();
        _tables = tables;
    }

    private void Judge(PageBitmap accessed, ReadOnlySpan<long> touches)
    {
        foreach (PendingPlans plans in _pending)
        {
            plans.Watch(accessed, touches);
        }

        if (_pending.TryPeek(out PendingPlans? oldest) && oldest.Intervals == _options.Horizon)
        {
            using PendingPlans done = _pending.Dequeue();
            for (int i = 0; i < _figures.Length; i++)
            {
                _figures[i].Add(done.Figures(i));
            }
        }
    }
}
