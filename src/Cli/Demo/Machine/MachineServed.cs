using System.Text.Json;

namespace PageStore.Cli;

/// <summary>What a server said of its one guest.</summary>
/// <param name="Progress">How far it was, and when.</param>
/// <param name="Result">How it ended.</param>
internal sealed record MachineServed(IReadOnlyList<ServeProgress> Progress, ServeResult Result)
{
    /// <summary>Reads what <c>serve --json --progress</c> prints.</summary>
    /// <exception cref="JsonException">That is something else.</exception>
    public static MachineServed Read(string output)
    {
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return new MachineServed(
            [.. lines.SkipLast(1).Select(line => JsonSerializer.Deserialize(line, ResultJson.Default.ServeProgress)!)],
            JsonSerializer.Deserialize(lines[^1], ResultJson.Default.ServeResult)!);
    }

    /// <summary>How often the guest had waited for a page at a moment, as far as the server had said so by then.</summary>
    /// <param name="seconds">Since its memory was handed over.</param>
    public long DemandedAt(double seconds)
    {
        // Whole, it waits no more.
        if (Result.SecondsToFull is { } full && full <= seconds)
        {
            return Result.Faults.Total;
        }

        return Progress.LastOrDefault(progress => progress.Seconds <= seconds)?.Demanded ?? 0;
    }
}
