using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>What <c>serve</c> was asked for.</summary>
/// <param name="Source">The file and the epoch.</param>
/// <param name="Socket">Where monitors connect.</param>
/// <param name="Policy">What makes the plan: a policy, or one of the words of <see cref="ServeCommand"/>.</param>
/// <param name="Budget">How many times the last interval's pages a plan may have.</param>
/// <param name="Learn">Records of earlier resumes, which the plan learns from.</param>
/// <param name="Record">Where the record of the last guest goes; null for nowhere.</param>
/// <param name="Resume">How each guest is resumed.</param>
/// <param name="Once">Whether it ends with its first guest.</param>
/// <param name="Json">Whether reports are JSON, a line each.</param>
/// <param name="Progress">How often it says how far each guest is; null for never.</param>
internal sealed record ServeOptions(
    EpochReference Source,
    string Socket,
    string Policy,
    double Budget,
    IReadOnlyList<string> Learn,
    string? Record,
    LazyResumeOptions Resume,
    bool Once,
    bool Json,
    TimeSpan? Progress);
