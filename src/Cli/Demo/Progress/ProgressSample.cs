namespace PageStore.Cli;

/// <summary>How far a guest was at a moment.</summary>
/// <param name="Seconds">The moment, in seconds from wherever all samples of a curve count.</param>
/// <param name="Operations">How many operations it had done.</param>
internal readonly record struct ProgressSample(double Seconds, long Operations);
