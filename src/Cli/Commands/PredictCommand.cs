using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace PageStore.Cli;

/// <summary><c>pagestore predict</c>: how well resume policies foresee what a guest touches, on what was recorded of it.</summary>
internal static class PredictCommand
{
    /// <summary>Beyond an hour at four intervals a second no plan means anything.</summary>
    private const int MaxHorizon = 14400;

    public static Command Create(ToolConsole console)
    {
        var source = new Argument<string>("FILE[@EPOCH]|TRACE") { Description = "A checkpoint file with the epochs that led to one, the newest without a number; or a recorded trace (.jsonl, .jsonl.gz)." };
        Option<int?> horizon = CommonOptions.Number("--horizon", "Hold a plan against what is touched in the next N intervals (2).", 1, MaxHorizon);
        var budget = new Option<double>("--budget") { Description = "A plan has at most so many times the pages touched in the interval before it.", DefaultValueFactory = _ => 2.0 };
        budget.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && !(double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value > 0 && double.IsFinite(value)))
            {
                result.AddError("--budget takes a number above 0.");
            }
        });
        var noReads = new Option<bool>("--no-reads") { Description = "Learn from written pages alone, as on a hypervisor that tells no others, and from the guest's page tables where its memory is known." };
        var images = new Option<string[]>("--image") { Description = "INTERVAL=RAW: the guest's memory at the end of an interval of the trace, counted from 0. May be given several times.", AllowMultipleArgumentsPerToken = true };
        images.Validators.Add(result =>
        {
            foreach (string wrong in result.Tokens.Select(token => token.Value).Where(text => ImageArgument.TryParse(text) is null))
            {
                result.AddError($"'{wrong}' is no image. Write, for instance, 40=memory.raw.");
            }
        });
        var policies = new Option<string[]>("--policy") { Description = $"Which policies; without it, all: {string.Join(", ", ResumePolicies.Names)}.", AllowMultipleArgumentsPerToken = true };
        policies.AcceptOnlyFromAmong([.. ResumePolicies.Names]);
        Option<bool> json = CommonOptions.Json();
        var command = new Command("predict", "Show how well the pages that a guest touches next are foreseen, by replaying what was recorded of it.") { source, horizon, budget, noReads, images, policies, json };
        var access = AccessOptions.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var options = new EvaluationOptions { Horizon = parsed.GetValue(horizon) ?? new EvaluationOptions().Horizon, Budget = parsed.GetValue(budget), Reads = !parsed.GetValue(noReads) };
            var request = new PredictRequest(
                parsed.GetRequiredValue(source),
                parsed.GetValue(policies) is { Length: > 0 } chosen ? chosen : ResumePolicies.Names,
                [.. (parsed.GetValue(images) ?? []).Select(image => ImageArgument.TryParse(image)!)],
                options);
            using CheckpointAccess given = access.Read(parsed);
            Show(console, new PredictRun(request, cancellation).Run(given), parsed.GetValue(json));
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static void Show(ToolConsole console, PredictResult result, bool json)
    {
        if (json)
        {
            console.Out.WriteLine(JsonSerializer.Serialize(result, ResultJson.Default.PredictResult));
            return;
        }

        console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Intervals} intervals; plans of {result.Budget} times what was touched, held against the next {result.Horizon}; medians"));
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("policy", "recall", "precision", "plan, pages", "faults left", "of the first 1000");
        foreach (PolicyScore score in result.Policies)
        {
            table.AddRow(
                score.Name,
                Share(score.Recall),
                Share(score.Precision),
                score.PlanPages.ToString(CultureInfo.InvariantCulture),
                score.FaultsLeft.ToString(CultureInfo.InvariantCulture),
                score.FirstTouch1000 is { } first ? Share(first) : "-");
        }

        console.Show(table);
    }

    private static string Share(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
