namespace PageStore.Cli;

/// <summary>
/// The progress of a guest over time: a line from sample to sample, as if it worked evenly between two of them. Before the first sample it stands there, and behind the last one
/// nothing is known of it. Immutable.
/// </summary>
internal sealed class ProgressCurve
{
    /// <summary>Over what time a speed is a speed: long enough for hundreds of reports, short enough to see a guest falter.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a speed has to be kept before it counts as reached: a guest that falters again is not back.</summary>
    public static readonly TimeSpan Hold = TimeSpan.FromSeconds(1);

    private readonly ProgressSample[] _samples;

    /// <summary>Makes a curve.</summary>
    /// <param name="samples">At least one; each later than the one before, with no fewer operations.</param>
    /// <exception cref="ArgumentException">There is none, or they go back.</exception>
    public ProgressCurve(IEnumerable<ProgressSample> samples)
    {
        _samples = [.. samples];
        if (_samples.Length == 0)
        {
            throw new ArgumentException("A curve has at least one sample.", nameof(samples));
        }

        for (int i = 1; i < _samples.Length; i++)
        {
            if (!(_samples[i].Seconds > _samples[i - 1].Seconds) || _samples[i].Operations < _samples[i - 1].Operations)
            {
                throw new ArgumentException($"Sample {i} goes back: {_samples[i]} after {_samples[i - 1]}.", nameof(samples));
            }
        }
    }

    /// <summary>The samples, in the order of time.</summary>
    public IReadOnlyList<ProgressSample> Samples => _samples;

    private double End => _samples[^1].Seconds;

    /// <summary>When the guest had first done more than at the first sample; null if it never did.</summary>
    /// <returns>The time of the first sample that tells of it, and so never too early.</returns>
    public double? FirstProgress()
    {
        int first = Array.FindIndex(_samples, sample => sample.Operations > _samples[0].Operations);
        return first < 0 ? null : _samples[first].Seconds;
    }

    /// <summary>How many operations it had done at a moment, counted from the first sample.</summary>
    public double OperationsAt(double seconds)
    {
        int next = FirstBehind(seconds);
        if (next == 0)
        {
            return 0;
        }

        ProgressSample from = _samples[next - 1];
        double done = from.Operations - _samples[0].Operations;
        if (next == _samples.Length)
        {
            return done;
        }

        ProgressSample to = _samples[next];
        return done + ((to.Operations - from.Operations) * ((seconds - from.Seconds) / (to.Seconds - from.Seconds)));
    }

    /// <summary>
    /// The median of the speeds of all whole windows, one behind the other from the first progress on, in operations a second: what the guest does for most of the time. 0 if there is no whole window.
    /// </summary>
    /// <param name="since">No window begins before.</param>
    public double MedianSpeed(double since = 0)
    {
        double window = Window.TotalSeconds;
        var speeds = new List<double>();
        for (double from = Math.Max(FirstProgress() ?? End, since); from + window <= End; from += window)
        {
            speeds.Add((OperationsAt(from + window) - OperationsAt(from)) / window);
        }

        speeds.Sort();
        return speeds.Count == 0 ? 0 : (speeds[(speeds.Count - 1) / 2] + speeds[speeds.Count / 2]) / 2;
    }

    /// <summary>
    /// The first moment, not before the first progress, from which the guest keeps a speed: every window of <see cref="Window"/> that lies within the <see cref="Hold"/> behind that moment,
    /// wherever it begins, has at least that speed.
    /// </summary>
    /// <param name="speed">In operations a second, above 0.</param>
    /// <returns>The moment; null if there is none as long before the last sample as a speed has to be kept.</returns>
    public double? KeepsFrom(double speed)
    {
        double window = Window.TotalSeconds;
        double begins = Hold.TotalSeconds - window;
        double last = FirstProgress() ?? End;
        double lastExcess = Excess(last);
        double? good = lastExcess >= 0 ? last : null;

        // Between two of these moments neither end of a window passes a sample, so the operations in it change evenly.
        foreach (double moment in WindowBreaks(last, window))
        {
            double excess = Excess(moment);
            if (good is { } from && from + begins <= Falls(moment, excess))
            {
                return from;
            }

            if (excess < 0)
            {
                good = null;
            }
            else if (good is null)
            {
                good = last + ((moment - last) * (lastExcess / (lastExcess - excess)));
            }

            (last, lastExcess) = (moment, excess);
        }

        return good is { } start && start + begins <= last ? start : null;

        double Excess(double moment) => OperationsAt(moment + window) - OperationsAt(moment) - (speed * window);

        // Until when the speed is kept within the piece that ends here.
        double Falls(double moment, double excess) => excess >= 0 ? moment : last + ((moment - last) * (lastExcess / (lastExcess - excess)));
    }

    /// <summary>Every moment behind one at which a window that begins there has a sample at one of its ends, in order, up to the last whole window.</summary>
    private IEnumerable<double> WindowBreaks(double from, double window) =>
        _samples.Select(sample => sample.Seconds)
            .Concat(_samples.Select(sample => sample.Seconds - window))
            .Where(moment => moment > from && moment <= End - window)
            .Order();

    /// <summary>The number of the first sample that is later than a moment.</summary>
    private int FirstBehind(double seconds)
    {
        int low = 0;
        for (int high = _samples.Length; low < high;)
        {
            int middle = (low + high) / 2;
            if (_samples[middle].Seconds > seconds)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }
}
