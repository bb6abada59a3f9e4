using System.CommandLine;
using System.Globalization;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>The option <c>--restorable every|N|last</c> of <c>pagestore capture</c>.</summary>
/// <param name="Every">Every n-th epoch; 0 for the last one only.</param>
/// <param name="Last">The last one.</param>
internal sealed record RestorableOption(int Every, bool Last)
{
    /// <summary>Makes the option.</summary>
    public static Option<string?> Create()
    {
        var option = new Option<string?>("--restorable")
        {
            Description = "every, N (every N-th) or last: these epochs are taken across a suspend of the guest, with the state of its devices and processors, and can be run again.",
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && TryParse(result.Tokens[0].Value) is null)
            {
                result.AddError($"'{result.Tokens[0].Value}' does not say which epochs. Write every, last, or a number from 1.");
            }
        });
        return option;
    }

    /// <summary>Reads the value; null where it is none.</summary>
    public static RestorableOption? TryParse(string? text) => text switch
    {
        null => null,
        "every" => new(1, false),
        "last" => new(0, true),
        _ => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int every) && every > 0 ? new(every, false) : null,
    };

    /// <summary>What it says to a capture.</summary>
    public RestorableEpochs Of(IGuestSuspend suspend) => new(suspend) { Every = Every, Last = Last };
}
