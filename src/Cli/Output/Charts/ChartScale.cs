using System.Globalization;

namespace PageStore.Cli;

/// <summary>An axis from 0 to a round number, with round numbers on the way. Immutable.</summary>
/// <param name="Step">From tick to tick: 1, 2 or 5 times a power of ten.</param>
/// <param name="Steps">How many of them the axis has, from 1.</param>
internal sealed record ChartScale(double Step, int Steps)
{
    /// <summary>More ticks than this do not make a chart easier to read.</summary>
    private const int MostSteps = 8;

    /// <summary>Where the axis ends.</summary>
    public double Last => Step * Steps;

    /// <summary>Where the ticks are.</summary>
    public IEnumerable<double> Ticks => Enumerable.Range(0, Steps + 1).Select(tick => tick * Step);

    /// <summary>The shortest scale for some values.</summary>
    /// <param name="values">From 0 on, finite.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is neither.</exception>
    public static ChartScale To(IEnumerable<double> values) => To(values.Aggregate(0.0, (most, value) => Math.Max(most, Checked(value))));

    /// <summary>The shortest scale that reaches a value.</summary>
    /// <param name="last">From 0 on, finite.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is neither.</exception>
    public static ChartScale To(double last)
    {
        if (Checked(last) == 0)
        {
            return new ChartScale(1, 1);
        }

        // From a power of ten that is surely too small a step.
        double power = Math.Pow(10, Math.Floor(Math.Log10(last)) - 1);
        while (true)
        {
            foreach (int factor in (ReadOnlySpan<int>)[1, 2, 5])
            {
                // A value that is round but for the last digits of its binary form is round.
                double steps = Math.Ceiling((last / (power * factor)) - 1e-9);
                if (steps <= MostSteps)
                {
                    return new ChartScale(power * factor, Math.Max(1, (int)steps));
                }
            }

            power *= 10;
        }
    }

    /// <summary>The value of a tick, with as many digits as tell it from the next one.</summary>
    public string Label(double tick)
    {
        int decimals = Math.Max(0, (int)-Math.Floor(Math.Log10(Step) + 1e-9));
        return tick.ToString($"F{decimals}", CultureInfo.InvariantCulture);
    }

    private static double Checked(double value) =>
        double.IsFinite(value) && value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A chart shows finite values from 0 on.");
}
