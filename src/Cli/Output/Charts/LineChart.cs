namespace PageStore.Cli;

/// <summary>Lines over two axes, for <see cref="SvgChart"/> and <see cref="TextChart"/>. Immutable.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="XTitle">What goes to the right, with its unit.</param>
/// <param name="YTitle">What goes up, with its unit.</param>
/// <param name="Series">The lines.</param>
internal sealed record LineChart(string Title, string XTitle, string YTitle, IReadOnlyList<ChartSeries> Series)
{
    /// <summary>Where the x axis ends; null for where the lines do. What lies behind it is not shown.</summary>
    public double? LastX { get; init; }

    /// <summary>The scale of the x axis.</summary>
    public ChartScale XScale => LastX is { } last ? ChartScale.To(last) : ChartScale.To(Series.SelectMany(series => series.Points).Select(point => point.X));

    /// <summary>The scale of the y axis, of what is shown.</summary>
    public ChartScale YScale
    {
        get
        {
            double last = XScale.Last;
            return ChartScale.To(Series.SelectMany(series => series.UpTo(last)).Select(point => point.Y));
        }
    }
}
