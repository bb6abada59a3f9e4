namespace PageStore.Cli;

/// <summary>What <c>predict --json</c> prints.</summary>
internal sealed record PredictResult(int Intervals, int Horizon, double Budget, IReadOnlyList<PolicyScore> Policies)
{
    public static PredictResult Of(PolicyEvaluator evaluator, EvaluationOptions options) =>
        new(evaluator.Intervals, options.Horizon, options.Budget, evaluator.Scores());
}
