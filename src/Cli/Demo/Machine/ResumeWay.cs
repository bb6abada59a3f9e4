using System.Globalization;

namespace PageStore.Cli;

/// <summary>How a machine is brought back.</summary>
/// <param name="Name">As the command line and the results call it.</param>
/// <param name="Description">In half a sentence.</param>
/// <param name="ServeOptions">How <c>pagestore serve</c> serves it; null for one whose own process reads its memory.</param>
internal sealed record ResumeWay(string Name, string Description, IReadOnlyList<string>? ServeOptions)
{
    /// <summary>All of its memory is read before it runs.</summary>
    public static readonly ResumeWay Full = new("full", "all memory is read, then the guest runs", null);

    /// <summary>Nothing is read before it runs, and nothing else than it touches: what a plain page fault handler does.</summary>
    public static readonly ResumeWay OnDemand = new(
        "on-demand", "the guest runs, and waits for each page that it touches", [ServeCommand.PolicyOption, ServeCommand.NoPlan, ServeCommand.NoBackgroundOption]);

    /// <summary>What it is foreseen to touch is read, and the rest behind it.</summary>
    public static readonly ResumeWay Hybrid = new("hybrid", "what it is foreseen to touch is read, then it runs, and the rest comes behind it", []);

    /// <summary>All there are, in the order in which they are shown.</summary>
    public static IReadOnlyList<ResumeWay> All { get; } = [Full, OnDemand, Hybrid];

    /// <summary>The arguments of a server for one guest.</summary>
    public string[] ServeArguments(string path, long epoch, string socket, TimeSpan progress) =>
    [
        ServeCommand.Name,
        string.Create(CultureInfo.InvariantCulture, $"{path}@{epoch}"),
        ServeCommand.SocketOption,
        socket,
        ServeCommand.OnceOption,
        ServeCommand.WithParentOption,
        "--json",
        ServeCommand.ProgressOption,
        progress.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        .. ServeOptions ?? [],
    ];
}
