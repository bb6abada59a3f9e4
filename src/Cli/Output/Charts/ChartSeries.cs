namespace PageStore.Cli;

/// <summary>A point of a chart.</summary>
/// <param name="X">From 0 on, finite.</param>
/// <param name="Y">From 0 on, finite.</param>
internal readonly record struct ChartPoint(double X, double Y);

/// <summary>A point that is worth a word.</summary>
/// <param name="Point">Where.</param>
/// <param name="Text">What it means.</param>
internal sealed record ChartMark(ChartPoint Point, string Text);

/// <summary>A line of a chart. Immutable.</summary>
/// <param name="Name">What it is called in the legend.</param>
/// <param name="Points">From left to right.</param>
internal sealed record ChartSeries(string Name, IReadOnlyList<ChartPoint> Points)
{
    /// <summary>What is marked on it.</summary>
    public IReadOnlyList<ChartMark> Marks { get; init; } = [];

    /// <summary>The line up to an x, where it is cut if it goes on.</summary>
    public IEnumerable<ChartPoint> UpTo(double x)
    {
        ChartPoint? before = null;
        foreach (ChartPoint point in Points)
        {
            if (point.X > x)
            {
                if (before is { } from && from.X < x)
                {
                    yield return new ChartPoint(x, from.Y + ((point.Y - from.Y) * ((x - from.X) / (point.X - from.X))));
                }

                yield break;
            }

            yield return point;
            before = point;
        }
    }
}
