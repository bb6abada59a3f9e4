using Microsoft.Win32.SafeHandles;
using Spectre.Console;

namespace PageStore.Cli;

/// <summary>Where a run of the tool reads and writes; tests give it their own.</summary>
/// <param name="Out">Results for people and JSON.</param>
/// <param name="Error">Errors and progress.</param>
/// <param name="Input">Bytes of standard input.</param>
/// <param name="Output">Bytes of standard output, for images.</param>
/// <param name="Interactive">Whether a person looks at <paramref name="Error"/>, so that progress is worth showing.</param>
internal sealed record ToolConsole(TextWriter Out, TextWriter Error, Func<Stream> Input, Func<Stream> Output, bool Interactive)
{
    /// <summary>Wide enough for every table of the tool, where no terminal says how wide it is.</summary>
    private const int PlainWidth = 200;

    /// <summary>STDOUT_FILENO of POSIX.</summary>
    private const int StandardOutput = 1;

    /// <summary>The console of this process.</summary>
    public static ToolConsole OfProcess() =>
        new(Console.Out, Console.Error, Console.OpenStandardInput, OpenStandardOutput, !Console.IsErrorRedirected);

    /// <summary>Wider and higher a chart is no easier to read.</summary>
    private const int ChartWidth = 100;

    /// <inheritdoc cref="ChartWidth"/>
    private const int ChartHeight = 16;

    /// <summary>Of the sixteen that every terminal with colours has; those next to each other differ for colour-blind people, too.</summary>
    private static readonly Color[] ChartColours = [Color.Blue, Color.Yellow, Color.Aqua, Color.Fuchsia];

    /// <summary>Shows a table: with lines and colours on a terminal, plain elsewhere.</summary>
    public void Show(Table table) => ForResults().Write(table);

    /// <summary>Shows a chart: with dots where a terminal has colours and Unicode, with letters elsewhere.</summary>
    public void Show(LineChart chart)
    {
        IAnsiConsole console = ForResults();
        Capabilities can = console.Profile.Capabilities;

        // The kernel's own terminal has Unicode, and no font with Braille.
        bool dots = can.Unicode && can.ColorSystem != ColorSystem.NoColors && Environment.GetEnvironmentVariable("TERM") != "linux";
        foreach (IReadOnlyList<ChartText> line in TextChart.Draw(chart, Math.Min(console.Profile.Width - 1, ChartWidth), ChartHeight, dots))
        {
            foreach (ChartText piece in line)
            {
                console.Write(piece.Text, piece.Series is { } series && dots ? new Style(ChartColours[series % ChartColours.Length]) : Style.Plain);
            }

            console.WriteLine();
        }
    }

    /// <summary>A console for progress.</summary>
    public IAnsiConsole Progress() => For(Error, Interactive);

    /// <summary>
    /// Standard output such that a reader's end is an error. The framework's own stream takes a broken pipe for success, and an export
    /// that nobody received would seem done.
    /// </summary>
    private static Stream OpenStandardOutput()
    {
        if (!OperatingSystem.IsWindows())
        {
            var stream = new FileStream(new SafeFileHandle(StandardOutput, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!stream.CanSeek)
            {
                return stream;
            }
        }

        // A file: written at the position that it shares with whoever else writes to it.
        return Console.OpenStandardOutput();
    }

    private IAnsiConsole ForResults() => For(Out, !Console.IsOutputRedirected && ReferenceEquals(Out, Console.Out));

    private static IAnsiConsole For(TextWriter writer, bool terminal)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = terminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = terminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!terminal)
        {
            console.Profile.Width = PlainWidth;
        }

        return console;
    }
}
