using System.Text.Json;

namespace PageStore.Cli.Tests;

/// <summary>One run of the tool within the tests' process.</summary>
/// <param name="Code">What it returned.</param>
/// <param name="Out">The text it wrote to standard output.</param>
/// <param name="Error">The text it wrote to standard error.</param>
/// <param name="Bytes">The bytes it wrote to standard output.</param>
internal sealed record ToolRun(int Code, string Out, string Error, byte[] Bytes)
{
    /// <summary>Standard output as the one JSON object that it must be.</summary>
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    /// <summary>The names of the members of that object, in their order.</summary>
    public string[] Members => [.. Json.EnumerateObject().Select(member => member.Name)];

    public static ToolRun Of(params string[] args) => WithInput([], args);

    public static ToolRun WithInput(byte[] input, params string[] args)
    {
        using var output = new MemoryStream();
        using var text = new StringWriter();
        using var error = new StringWriter();
        var console = new ToolConsole(text, error, () => new MemoryStream(input), () => output, Interactive: false);
        int code = Tool.RunAsync(args, console).GetAwaiter().GetResult();
        return new ToolRun(code, text.ToString(), error.ToString(), output.ToArray());
    }

    /// <summary>A run that must succeed and say nothing on standard error.</summary>
    public static ToolRun Ok(params string[] args)
    {
        ToolRun run = Of(args);
        Xunit.Assert.Equal((0, string.Empty), (run.Code, run.Error));
        return run;
    }

    /// <summary>Asserts that it failed with one line, as people and scripts expect.</summary>
    public ToolRun Failed(int code)
    {
        Xunit.Assert.Equal((code, string.Empty), (Code, Code == code ? string.Empty : Error));
        Xunit.Assert.StartsWith("pagestore: ", Error);
        Xunit.Assert.Equal(Error.Length - Environment.NewLine.Length, Error.IndexOf(Environment.NewLine, StringComparison.Ordinal));
        return this;
    }
}
