namespace PageStore;

/// <summary>The policies by name.</summary>
public static class ResumePolicies
{
    /// <summary>How many intervals the union counts: a second at four intervals a second.</summary>
    private const int UnionIntervals = 4;

    private static readonly Dictionary<string, Func<IResumePolicy>> Makers = Index(
        () => new WrittenPolicy(),
        () => new VmResumePolicy(),
        () => new UnionPolicy(UnionIntervals),
        () => new RecordReplayPolicy(),
        () => new LayeredPolicy(),
        () => new PredictivePolicy());

    /// <summary>All names, the default last.</summary>
    public static IReadOnlyList<string> Names => [.. Makers.Keys];

    /// <summary>Makes a policy that knows nothing yet.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <returns>The caller disposes it.</returns>
    /// <exception cref="ArgumentException">There is none of this name.</exception>
    public static IResumePolicy Create(string name) =>
        Makers.TryGetValue(name, out Func<IResumePolicy>? make)
            ? make()
            : throw new ArgumentException($"There is no policy '{name}': there are {string.Join(", ", Names)}.", nameof(name));

    private static Dictionary<string, Func<IResumePolicy>> Index(params Func<IResumePolicy>[] makers)
    {
        var index = new Dictionary<string, Func<IResumePolicy>>();
        foreach (Func<IResumePolicy> make in makers)
        {
            using IResumePolicy sample = make();
            index.Add(sample.Name, make);
        }

        return index;
    }
}
