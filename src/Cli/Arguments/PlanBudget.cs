using System.Globalization;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>How much a plan may hold: times what the last interval touched (<c>2</c>), bytes (<c>256MiB</c>), or pages (<c>20000p</c>).</summary>
/// <param name="Factor">Times what the last interval touched; null where the size is given.</param>
/// <param name="Bytes">In bytes; null where it is not given so.</param>
/// <param name="Pages">In pages; null where it is not given so.</param>
internal sealed record PlanBudget(double? Factor, long? Bytes, long? Pages)
{
    /// <summary>Twice, as <c>predict</c> has it: with that, plans for recorded machines had nearly all that any plan could have.</summary>
    public static PlanBudget Default { get; } = new(2, null, null);

    /// <summary>Reads one; null where it is none.</summary>
    public static PlanBudget? TryParse(string text)
    {
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double factor))
        {
            return factor > 0 && double.IsFinite(factor) ? new PlanBudget(factor, null, null) : null;
        }

        if (text.EndsWith('p') && long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out long pages))
        {
            return pages > 0 ? new PlanBudget(null, null, pages) : null;
        }

        return ByteSize.TryParse(text) is { } bytes and > 0 ? new PlanBudget(null, bytes, null) : null;
    }

    /// <summary>Makes a plan of that size.</summary>
    public ResumePlan Plan(CheckpointReader reader, Epoch epoch, IResumePolicy policy, CancellationToken cancellation) => Factor is { } factor
        ? EpochPlans.Make(reader, epoch, policy, factor, cancellationToken: cancellation)
        : EpochPlans.MakeWithin(reader, epoch, policy, Pages is { } pages ? new ResumeBudget(pages) : ResumeBudget.OfBytes(Bytes!.Value, reader.PageSize), cancellationToken: cancellation);
}
