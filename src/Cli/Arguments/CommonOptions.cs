using System.CommandLine;
using System.Globalization;

namespace PageStore.Cli;

/// <summary>Arguments and options that several commands have.</summary>
internal static class CommonOptions
{
    /// <summary><c>--json</c>: one JSON object on standard output.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON object instead of text." };

    /// <summary>The checkpoint file that a command reads.</summary>
    public static Argument<string> File() => new("FILE") { Description = "The checkpoint file." };

    /// <summary><c>--compression</c>: a name for <see cref="PageForm.Of"/>.</summary>
    public static Option<string?> Compression()
    {
        var option = new Option<string?>("--compression")
        {
            Description = "How pages are stored: auto, the default, stores each content once, of a changed page what differs, and packs the rest; the others store each page for itself.",
        };
        option.AcceptOnlyFromAmong(PageForm.Names);
        return option;
    }

    /// <summary>An option that takes a number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static Option<int?> Number(string name, string description, int least, int most = int.MaxValue)
    {
        var option = new Option<int?>(name) { Description = description };
        option.Validators.Add(result =>
        {
            // By the word itself: asking for the number throws where it is none.
            if (result.Tokens.Count > 0 && !(int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most))
            {
                result.AddError($"{name} takes a number from {least} {(most == int.MaxValue ? "up" : $"to {most}")}.");
            }
        });
        return option;
    }
}
