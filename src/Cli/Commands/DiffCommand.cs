using System.CommandLine;
using System.Globalization;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary><c>pagestore diff</c>: what differs between two epochs.</summary>
internal static class DiffCommand
{
    public static Command Create(ToolConsole console)
    {
        var first = new Argument<string>("FIRST[@EPOCH]") { Description = "The first checkpoint file, and the epoch; without one, the newest." };
        var second = new Argument<string>("SECOND[@EPOCH]") { Description = "The second one; may be the same file." };
        var pages = new Option<bool>("--pages") { Description = "List the pages that differ, as runs." };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("diff", "Compare two epochs page by page. The exit code does not depend on what is found.") { first, second, pages, json };
        var access = AccessOptions.AddTo(command, withRoot: false, withStore: true);
        command.SetAction((parsed, cancellation) => RunAsync(
            console, access.Read(parsed), EpochReference.Parse(parsed.GetRequiredValue(first)), EpochReference.Parse(parsed.GetRequiredValue(second)), parsed.GetValue(pages), parsed.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        ToolConsole console, CheckpointAccess access, EpochReference first, EpochReference second, bool pages, bool json, CancellationToken cancellation)
    {
        using CheckpointAccess held = access;
        using CheckpointReader firstReader = access.Open(first.Path);

        // Through one reader, shared parts of two epochs are known to be the same.
        bool sameFile = Path.GetFullPath(first.Path) == Path.GetFullPath(second.Path);
        using CheckpointReader? other = sameFile ? null : access.Open(second.Path);
        using Epoch one = Open(firstReader, first);
        using Epoch two = Open(other ?? firstReader, second);
        using EpochComparison comparison = await ProgressDisplay.RunAsync(
            console, "diff", "pages", null, progress => Task.FromResult(one.CompareWith(two, progress, cancellation)));
        if (json)
        {
            WriteJson(console.Out, comparison, pages);
        }
        else
        {
            WriteText(console.Out, comparison, pages);
        }

        return ExitCode.Ok;
    }

    private static Epoch Open(CheckpointReader reader, EpochReference reference) =>
        reference.Epoch is { } id ? reader.OpenEpoch(id) : reader.OpenNewest();

    /// <summary>Written piece by piece: there can be a run for every second page.</summary>
    private static void WriteJson(TextWriter output, EpochComparison comparison, bool pages)
    {
        output.Write(Invariant($"{{\"pagesCompared\":{comparison.PagesCompared},\"pagesDiffer\":{comparison.PagesDiffer},\"onlyInFirst\":{comparison.OnlyInFirst},\"onlyInSecond\":{comparison.OnlyInSecond}"));
        if (pages)
        {
            string separator = ",\"runs\":[";
            foreach (PfnRun run in comparison.DifferingPages.Runs())
            {
                output.Write(Invariant($"{separator}[{run.First.Value},{run.Count}]"));
                separator = ",";
            }

            output.Write(separator == "," ? "]" : ",\"runs\":[]");
        }

        output.WriteLine("}");
    }

    private static void WriteText(TextWriter output, EpochComparison comparison, bool pages)
    {
        string types = comparison.TypesDiffer > 0 ? Invariant($", {comparison.TypesDiffer} have another type") : string.Empty;
        output.WriteLine(Invariant(
            $"{comparison.PagesCompared} pages compared: {comparison.PagesDiffer} differ, {comparison.OnlyInFirst} are only in the first, {comparison.OnlyInSecond} only in the second{types}"));
        if (pages)
        {
            foreach (PfnRun run in comparison.DifferingPages.Runs())
            {
                output.WriteLine(Invariant($"{run.First} {run.Count}"));
            }
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
