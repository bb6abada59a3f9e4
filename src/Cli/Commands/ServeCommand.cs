using System.CommandLine;
using System.Globalization;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary><c>pagestore serve</c>: brings the pages of an epoch into guests whose monitors hand their memory over.</summary>
internal static class ServeCommand
{
    /// <summary>In the place of a policy: the epoch's pack, or the default policy where it has none.</summary>
    public const string PackedPlan = "pack";

    /// <summary>In the place of a policy: no plan.</summary>
    public const string NoPlan = "none";

    public const string Name = "serve";

    public const string SocketOption = "--socket";

    public const string PolicyOption = "--policy";

    public const string NoBackgroundOption = "--no-background";

    public const string BackgroundRateOption = "--background-rate";

    /// <summary>In the place of a rate: none.</summary>
    public const string Unlimited = "unlimited";

    public const string OnceOption = "--once";

    public const string ProgressOption = "--progress";

    /// <summary>For the demo's server, which nobody would end if the demo were killed before a guest comes.</summary>
    public const string WithParentOption = "--with-parent";

    /// <summary>More often it would cost the guests time.</summary>
    private const double LeastProgress = 0.01;

    /// <summary>A day.</summary>
    private const double MostProgress = 86400;

    public static Command Create(ToolConsole console)
    {
        var source = new Argument<string>("FILE[@EPOCH]") { Description = "The checkpoint file and the epoch, the newest without a number." };
        var socket = new Option<string>(SocketOption) { Description = "The Unix socket to listen at; monitors connect as to Firecracker's page fault handler.", HelpName = "PATH", Required = true };
        var policy = new Option<string>(PolicyOption) { Description = $"What to load before a guest runs: {PackedPlan}, which is the epoch's pack, or as {ResumePolicies.Names[^1]} where it has none; {string.Join(", ", ResumePolicies.Names)}; or {NoPlan}.", DefaultValueFactory = _ => PackedPlan };
        policy.AcceptOnlyFromAmong([PackedPlan, .. ResumePolicies.Names, NoPlan]);
        var budget = new Option<double>("--budget") { Description = "The plan has at most so many times the pages touched in the last interval.", DefaultValueFactory = _ => 2.0 };
        budget.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && !(double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= 0 && double.IsFinite(value)))
            {
                result.AddError("--budget takes a number from 0 up.");
            }
        });
        var noBackground = new Option<bool>(NoBackgroundOption) { Description = "Bring only what is planned or demanded; the guest then needs this for as long as it runs." };
        var rate = new Option<string?>(BackgroundRateOption) { Description = $"Bring at most so many bytes a second of what is neither planned nor demanded, such as 100MiB; {Unlimited} for as many as the host bears. 32MiB for each processor unless said otherwise.", HelpName = "SIZE" };
        rate.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.Tokens[0].Value != Unlimited && ByteSize.TryParse(result.Tokens[0].Value) is not > 0)
            {
                result.AddError($"{BackgroundRateOption} takes a size above 0, such as 100MiB, or {Unlimited}.");
            }
        });
        Option<int?> bubble = CommonOptions.Number("--bubble", "Bring up to N neighbours to each side of a demanded page (16; 0 with --no-background).", 0);
        Option<int?> readers = CommonOptions.Number("--readers", "How many threads read for each guest.", 1, 64);
        var record = new Option<string?>("--record") { Description = "Write down what the last guest demanded, for --learn.", HelpName = "FILE" };
        var learn = new Option<string[]>("--learn") { Description = "Make the plan with what guests demanded that were resumed before, as --record wrote it. May be given several times.", HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
        var once = new Option<bool>(OnceOption) { Description = "End with the first guest." };
        var progress = new Option<double?>(ProgressOption) { Description = "Say each so many seconds how far each guest is.", HelpName = "SECONDS" };
        progress.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && !(double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value is >= LeastProgress and <= MostProgress))
            {
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{ProgressOption} takes a number of seconds from {LeastProgress} to {MostProgress}."));
            }
        });
        Option<bool> json = CommonOptions.Json();
        var withParent = new Option<bool>(WithParentOption) { Hidden = true };
        var command = new Command(Name, "Resume guests lazily: serve the page faults of every monitor that hands its guest's memory over at a socket.")
        {
            source, socket, policy, budget, noBackground, rate, bubble, readers, record, learn, once, progress, json, withParent,
        };
        var access = AccessOptions.AddTo(command, withStore: true);
        command.SetAction((parsed, cancellation) => Task.Run(() =>
        {
            using ParentWatch? alone = parsed.GetValue(withParent) ? new ParentWatch(console.Input(), cancellation) : null;
            using CheckpointAccess given = access.Read(parsed);
            string chosen = parsed.GetRequiredValue(policy);
            var options = new ServeOptions(
                EpochReference.Parse(parsed.GetRequiredValue(source)),
                parsed.GetRequiredValue(socket),
                chosen,
                parsed.GetValue(budget),
                parsed.GetValue(learn) ?? [],
                parsed.GetValue(record),
                ResumeOptions(chosen, !parsed.GetValue(noBackground), parsed.GetValue(rate), parsed.GetValue(bubble), parsed.GetValue(readers)),
                parsed.GetValue(once),
                parsed.GetValue(json),
                parsed.GetValue(progress) is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
            return new GuestServer(console, options).Run(given, alone?.Token ?? cancellation);
        }));
        return command;
    }

    private static LazyResumeOptions ResumeOptions(string policy, bool background, string? rate, int? bubble, int? readers)
    {
        var defaults = new LazyResumeOptions();
        return defaults with
        {
            UsePack = policy == PackedPlan,
            BackgroundFill = background,
            BackgroundRate = rate is null ? defaults.BackgroundRate : ByteSize.TryParse(rate),
            BubblePages = bubble ?? (background ? defaults.BubblePages : 0),
            Readers = readers ?? defaults.Readers,
        };
    }
}
