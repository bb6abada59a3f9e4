namespace PageStore.Cli;

/// <summary>What <c>predict</c> was asked for.</summary>
/// <param name="Source">A trace, or a checkpoint file with or without an epoch.</param>
/// <param name="Policies">The names of the policies.</param>
/// <param name="Images">Where the guest's memory is known.</param>
/// <param name="Options">How plans are judged.</param>
internal sealed record PredictRequest(string Source, IReadOnlyList<string> Policies, IReadOnlyList<ImageArgument> Images, EvaluationOptions Options);
