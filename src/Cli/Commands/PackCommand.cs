using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary><c>pagestore pack</c>: lays the pages that a guest will touch first out for a quick resume.</summary>
internal static class PackCommand
{
    /// <summary>The name of no policy: an epoch without a pack.</summary>
    private const string NoPolicy = "none";

    public static Command Create(ToolConsole console)
    {
        var source = new Argument<string>("FILE[@EPOCH]") { Description = "The checkpoint file and the epoch, the newest without a number." };
        var policy = new Option<string>("--policy") { Description = $"Who chooses the pages: {string.Join(", ", ResumePolicies.Names)}; or {NoPolicy}, as --drop.", DefaultValueFactory = _ => ResumePolicies.Names[^1] };
        policy.AcceptOnlyFromAmong([.. ResumePolicies.Names, NoPolicy]);
        var budget = new Option<string?>("--budget") { Description = "How much at most: times the pages that were touched before the epoch (2), or bytes (256MiB), or pages (20000p)." };
        budget.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && PlanBudget.TryParse(result.Tokens[0].Value) is null)
            {
                result.AddError($"'{result.Tokens[0].Value}' is no budget. Write, for instance, 2, 256MiB or 20000p.");
            }
        });
        var drop = new Option<bool>("--drop") { Description = "Take the pack of the epoch away." };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("pack", "Store what a guest will touch first once more, laid out for a quick resume.") { source, policy, budget, drop, json };
        var access = AccessOptions.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            using CheckpointAccess given = access.Read(parsed);
            EpochReference reference = EpochReference.Parse(parsed.GetRequiredValue(source));
            string name = parsed.GetValue(policy)!;
            bool drops = parsed.GetValue(drop) || name == NoPolicy;
            PackResult result = drops
                ? Drop(given, reference)
                : Pack(given, reference, name, parsed.GetValue(budget) is { } text ? PlanBudget.TryParse(text)! : PlanBudget.Default, cancellation);
            console.Out.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(result, ResultJson.Default.PackResult) : string.Create(CultureInfo.InvariantCulture, $"epoch {result.Epoch}: {(drops ? WhatWasDropped(result) : WhatWasPacked(result))}"));
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static PackResult Pack(CheckpointAccess access, EpochReference reference, string policyName, PlanBudget budget, CancellationToken cancellation)
    {
        ResumePlan plan;
        using (CheckpointReader reader = access.Open(reference.Path))
        {
            using IResumePolicy policy = ResumePolicies.Create(policyName);
            using Epoch epoch = reader.OpenEpoch(EpochOf(reference, reader.Newest));
            plan = budget.Plan(reader, epoch, policy, cancellation);
        }

        if (plan.Pages.IsEmpty)
        {
            return new PackResult(plan.Epoch.Value, 0, 0, false, false);
        }

        // What the reader saw is what is written to, or the epoch is missed by its number.
        using CheckpointWriter writer = OpenWriter(access, reference);
        ResumePackInfo pack = writer.WritePack(plan, cancellation).Pack!.Value;
        return new PackResult(plan.Epoch.Value, pack.Pages, pack.Bytes, plan.IsLarge, false);
    }

    private static PackResult Drop(CheckpointAccess access, EpochReference reference)
    {
        using CheckpointWriter writer = OpenWriter(access, reference);
        EpochId epoch = EpochOf(reference, writer.Newest);
        return new PackResult(epoch.Value, 0, 0, false, writer.DropPack(epoch));
    }

    private static CheckpointWriter OpenWriter(CheckpointAccess access, EpochReference reference) =>
        CheckpointWriter.Open(reference.Path, new CheckpointWriterOptions { Key = access.Key, ExpectedRoot = access.ExpectedRoot });

    private static EpochId EpochOf(EpochReference reference, EpochId? newest) =>
        reference.Epoch ?? newest ?? throw new ArgumentException($"{reference.Path} has no epoch yet.");

    private static string WhatWasDropped(PackResult result) => result.Dropped ? "the pack was dropped" : "there was no pack";

    private static string WhatWasPacked(PackResult result) => result.Pages == 0
        ? "nothing was packed, since the file does not remember what the guest touched before it"
        : string.Create(CultureInfo.InvariantCulture, $"packed {result.Pages} pages, {ByteSize.Format(result.Bytes)}{(result.Large ? "; that is more than half of what the guest holds, so it saves little" : string.Empty)}");
}
