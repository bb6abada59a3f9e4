using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>What became of a command that ran while the guest stood still, as its epoch keeps it.</summary>
/// <param name="Ended">How it ended: one of the constants.</param>
/// <param name="ExitCode">The exit code of /bin/sh where it ended by itself; 128 and the number of a signal that ended it.</param>
/// <param name="Seconds">For how long it ran.</param>
/// <param name="Output">What it wrote to standard output; what is no UTF-8 is replaced.</param>
/// <param name="OutputCut">Whether it wrote more than is kept, or the end of its output did not come.</param>
internal sealed record HookResult(string Ended, int? ExitCode, double Seconds, string Output, bool OutputCut)
{
    /// <summary>The name of the section, see docs/format.md.</summary>
    public const string SectionName = "pagestore-hook";

    public const string Exited = "exited";
    public const string TimedOut = "timeout";
    public const string Interrupted = "interrupted";
    public const string NotStarted = "not-started";

    /// <summary>The longest section that is read: <see cref="PauseHook.MaxOutputBytes"/>, each as the six characters of a JSON escape, and as much again for all else.</summary>
    private const int MaxSectionBytes = 2 * 6 * PauseHook.MaxOutputBytes;

    /// <summary>Whether the command did what it was to do.</summary>
    public bool IsSuccess() => ExitCode == 0;

    /// <summary>How it ended, within a sentence.</summary>
    public string Describe() => Ended switch
    {
        Exited => string.Create(CultureInfo.InvariantCulture, $"ended with exit code {ExitCode}"),
        TimedOut => string.Create(CultureInfo.InvariantCulture, $"was killed after {Seconds:F1} s"),
        Interrupted => "was interrupted",
        _ => "could not be started",
    };

    /// <summary>How it ended and what it said, beside which epoch, in a line.</summary>
    public string Describe(EpochId epoch) =>
        $"epoch {epoch}: the command of --hook-paused {Describe()}{(Output.Length == 0 ? string.Empty : $": {OneLine.Of(Output.Trim())}")}{(OutputCut ? " (cut)" : string.Empty)}";

    /// <summary>The section.</summary>
    public byte[] ToSection() => JsonSerializer.SerializeToUtf8Bytes(this, ResultJson.Default.HookResult);

    /// <summary>Reads it of an epoch; null where there is none, or none that this version understands.</summary>
    /// <exception cref="CorruptDataException">The section is damaged.</exception>
    public static HookResult? Of(CheckpointReader reader, EpochInfo info)
    {
        StateInfo? state = info.States.Where(state => state.Name == SectionName).Cast<StateInfo?>().FirstOrDefault();
        if (state is not { Length: <= MaxSectionBytes })
        {
            return null;
        }

        using Epoch epoch = reader.OpenEpoch(info.Id);
        using Stream section = epoch.OpenState(SectionName);
        try
        {
            return JsonSerializer.Deserialize(section, ResultJson.Default.HookResult);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
