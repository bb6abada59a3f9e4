using FsCheck.Fluent;
using FsCheck.Xunit;

namespace PageStore.Cli.Tests;

/// <summary>What is read from the progress of a guest, against curves whose answer is plain, and against an oracle that tries every moment.</summary>
public sealed class ProgressCurveTests
{
    /// <summary>A window is this many grid steps, and every sample of <see cref="Random"/> is on the grid: a binary fraction of a second, so that nothing is rounded.</summary>
    private const int StepsPerWindow = 4;

    private const double Tolerance = 1e-7;

    private static readonly double Step = ProgressCurve.Window.TotalSeconds / StepsPerWindow;

    [Fact]
    public void A_guest_that_stood_and_then_worked_evenly()
    {
        var curve = new ProgressCurve([new(1, 500), new(3, 500), new(3.5, 1000), new(7.5, 5000)]);
        Assert.Equal(3.5, curve.FirstProgress());
        Assert.Equal(0, curve.OperationsAt(0));
        Assert.Equal(0, curve.OperationsAt(3));
        Assert.Equal(250, curve.OperationsAt(3.25));
        Assert.Equal(4500, curve.OperationsAt(7.5));
        Assert.Equal(4500, curve.OperationsAt(100));
        Assert.Equal(1000, curve.MedianSpeed());
        Assert.Equal(3.5, curve.KeepsFrom(900));
        Assert.Equal(3.5, curve.KeepsFrom(1000));
        Assert.Null(curve.KeepsFrom(1001));
    }

    [Fact]
    public void A_guest_that_falters_is_not_back_before()
    {
        // A second of full speed but for one sample, then a stop of half a second, then full speed.
        var curve = new ProgressCurve([new(0, 0), new(0.125, 125), new(0.9, 900), new(1.4, 900), new(5, 4500)]);

        // From a window on that has at least 90 % of it behind the stop.
        Assert.Equal(1.4 - 0.025, curve.KeepsFrom(900)!.Value, 9);
        Assert.Equal(1.4, curve.KeepsFrom(1000)!.Value, 9);
    }

    [Fact]
    public void A_speed_that_is_not_kept_for_long_enough_is_not_reached()
    {
        Assert.Null(new ProgressCurve([new(0, 0), new(0.125, 125), new(1.12, 1120)]).KeepsFrom(900));
        Assert.Equal(0.125, new ProgressCurve([new(0, 0), new(0.125, 125), new(1.125, 1125)]).KeepsFrom(900));
    }

    [Fact]
    public void A_guest_that_never_did_anything()
    {
        var curve = new ProgressCurve([new(2, 7), new(9, 7)]);
        Assert.Null(curve.FirstProgress());
        Assert.Equal(0, curve.MedianSpeed());
        Assert.Null(curve.KeepsFrom(1));
        Assert.Equal(0, curve.OperationsAt(5));
    }

    [Fact]
    public void A_curve_that_goes_back_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new ProgressCurve([]));
        Assert.Throws<ArgumentException>(() => new ProgressCurve([new(0, 0), new(0, 1)]));
        Assert.Throws<ArgumentException>(() => new ProgressCurve([new(0, 1), new(1, 0)]));
        Assert.Throws<ArgumentException>(() => new ProgressCurve([new(0, 0), new(double.NaN, 0)]));
    }

    [Property(MaxTest = 500)]
    public void Operations_are_what_a_line_from_sample_to_sample_says(int seed)
    {
        (ProgressCurve curve, double[] operations) = Random(seed);
        for (int at = 0; at < operations.Length; at++)
        {
            Assert.Equal(operations[at], curve.OperationsAt(at * Step), 6);
        }
    }

    [Property(MaxTest = 500)]
    public void A_speed_is_kept_from_where_an_oracle_says(int seed)
    {
        (ProgressCurve curve, double[] operations) = Random(seed);
        double speed = 1 + (Math.Abs((long)seed) % 400);
        double first = curve.FirstProgress() ?? double.PositiveInfinity;
        double? found = curve.KeepsFrom(speed);
        Assert.True(found is not { } from || (from >= first && IsKept(operations, from, speed - Tolerance)), $"not kept from {found}");
        for (double moment = first; moment < (found ?? operations.Length * Step) - Tolerance; moment += Step / 16)
        {
            Assert.False(IsKept(operations, moment, speed + Tolerance), $"kept from {moment}");
        }
    }

    [Property(MaxTest = 200)]
    public void The_median_speed_is_within_what_the_guest_did(int seed)
    {
        (ProgressCurve curve, double[] operations) = Random(seed);
        double[] speeds = [.. Enumerable.Range(0, Math.Max(0, operations.Length - StepsPerWindow)).Select(at => SpeedFrom(operations, at * Step)).Append(0)];
        Assert.InRange(curve.MedianSpeed(), 0, speeds.Max() + 1e-9);
    }

    /// <summary>The oracle: between two moments of the grid a window's speed is a straight line, so it is enough to look there and at both ends.</summary>
    private static bool IsKept(double[] operations, double from, double speed)
    {
        double last = from + (ProgressCurve.Hold - ProgressCurve.Window).TotalSeconds;
        IEnumerable<double> moments = Enumerable.Range(0, operations.Length).Select(at => at * Step).Where(at => at > from && at < last).Prepend(from).Append(last);
        return last + ProgressCurve.Window.TotalSeconds <= ((operations.Length - 1) * Step) + Tolerance && moments.All(at => SpeedFrom(operations, at) >= speed);
    }

    private static double SpeedFrom(double[] operations, double from) =>
        (OperationsAt(operations, from + ProgressCurve.Window.TotalSeconds) - OperationsAt(operations, from)) / ProgressCurve.Window.TotalSeconds;

    private static double OperationsAt(double[] operations, double moment)
    {
        int at = Math.Min((int)(moment / Step), operations.Length - 2);
        return operations[at] + ((operations[at + 1] - operations[at]) * ((moment / Step) - at));
    }

    /// <summary>A guest that stands at times and works at others, and its operations at each moment of the grid.</summary>
    private static (ProgressCurve Curve, double[] Operations) Random(int seed)
    {
        var random = new Random(seed);
        List<ProgressSample> samples = [new(0, random.Next(100))];
        List<double> operations = [0];
        int pieces = random.Next(1, 40);
        for (int piece = 0; piece < pieces; piece++)
        {
            int steps = random.Next(1, 12);
            long more = random.Next(3) == 0 ? 0 : random.Next(60 * steps);
            for (int step = 1; step <= steps; step++)
            {
                operations.Add(samples[^1].Operations - samples[0].Operations + ((double)more * step / steps));
            }

            samples.Add(new ProgressSample(samples[^1].Seconds + (steps * Step), samples[^1].Operations + more));
        }

        return (new ProgressCurve(samples), [.. operations]);
    }
}
