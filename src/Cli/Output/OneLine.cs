using System.Text;

namespace PageStore.Cli;

/// <summary>
/// Makes text fit to be shown in one line. Labels and names come from files of other people: they must neither break the line that
/// a script reads nor send a terminal its control sequences.
/// </summary>
internal static class OneLine
{
    /// <summary>The text with every run of control characters and line ends as one space.</summary>
    public static string Of(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (char character in text)
        {
            if (!char.IsControl(character) && character is not ('\u2028' or '\u2029'))
            {
                line.Append(character);
            }
            else if (line.Length > 0 && line[^1] != ' ')
            {
                line.Append(' ');
            }
        }

        return line.ToString();
    }
}
