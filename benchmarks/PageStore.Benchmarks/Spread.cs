using System.Globalization;

namespace PageStore.Benchmarks;

/// <summary>What several rounds gave.</summary>
/// <param name="Median">The middle one, or the mean of the two in the middle; infinite if that many did not come to an end.</param>
/// <param name="Least">The least.</param>
/// <param name="Most">The most.</param>
internal sealed record Spread(double Median, double Least, double Most)
{
    /// <summary>Sorts values.</summary>
    /// <param name="values">At least one.</param>
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new Spread((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[0], sorted[^1]);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Median:F3} ({Least:F3} to {Most:F3})");
}
