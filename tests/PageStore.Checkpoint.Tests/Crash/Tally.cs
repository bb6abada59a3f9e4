namespace PageStore.Checkpoint.Tests;

/// <summary>Says in numbers what a test tried; eng/reliability makes the tables of docs/reliability.md of it.</summary>
internal static class Tally
{
    /// <summary>Names a file to which each count is appended as a line: what, tried, lost, parted by tabs.</summary>
    public const string Variable = "PAGESTORE_TALLY";

    private static readonly Lock Gate = new();

    /// <summary>Reports what came to its end without a loss; a loss is a failed test.</summary>
    public static void Report(string what, long tried)
    {
        Xunit.TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {tried} tried, 0 lost");
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path)
        {
            lock (Gate)
            {
                File.AppendAllText(path, FormattableString.Invariant($"{what}\t{tried}\t0\n"));
            }
        }
    }
}
