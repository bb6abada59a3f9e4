using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml;
using PageStore.Cli;

namespace PageStore.Benchmarks;

/// <summary>
/// How long a machine takes to be back against its memory, and against what of the same memory is configured: in full, on demand and with a plan, out of a file of which the kernel holds nothing and all. Each resume is
/// a line of a file in the folder that is named, and the pictures and the table beside it are of all lines that are there, so that pieces can be measured one by one.
/// </summary>
internal sealed class ResumeFigures
{
    /// <summary>The memory of which different parts are configured.</summary>
    private const long ConfiguredMemory = 1L << 30;

    private const int Epochs = 10;

    private static readonly long[] Memories = [128L << 20, 256L << 20, 512L << 20, 1L << 30, 2L << 30, 4L << 30];

    private static readonly int[] Percents = [10, 25, 50, 90];

    /// <summary>What a quick run leaves of the memories.</summary>
    private const long QuickMost = 512L << 20;

    private const int Rounds = 3;

    private readonly string _folder;
    private readonly int _rounds;

    private ResumeFigures(string folder, int rounds)
    {
        _folder = folder;
        _rounds = rounds;
    }

    private string PointsFile => Path.Combine(_folder, "figures.jsonl");

    /// <param name="args">The folder; <c>--quick</c>: one round, small memories, the least and the most configured; <c>--rounds N</c>; <c>--only PIECE,...</c>: the memories, as <c>2GiB</c>, or parts configured, as <c>25%</c>.</param>
    /// <returns>0; 2 for wrong arguments, or if the host has no virtual machines.</returns>
    public static int Run(string[] args)
    {
        if (args.Length == 0 || args[0].StartsWith('-'))
        {
            Console.Error.WriteLine("The figures need a folder: figures FOLDER [--quick] [--rounds N] [--only PIECE,...]");
            return 2;
        }

        if ((MachineDemo.Missing() ?? MachineDemo.MissingForLazy()) is { } missing)
        {
            Console.Error.WriteLine(missing);
            return 2;
        }

        bool quick = args.Contains("--quick");
        int rounds = Value(args, "--rounds") is { } number ? int.Parse(number, CultureInfo.InvariantCulture) : quick ? 1 : Rounds;
        if (Pieces(Value(args, "--only"), quick) is not { Count: > 0 } pieces)
        {
            Console.Error.WriteLine($"There are these pieces: {string.Join(' ', Pieces(null, quick: false)!)}");
            return 2;
        }

        Directory.CreateDirectory(args[0]);
        Console.WriteLine($"{DemoHost.Ask()}; {rounds} rounds in turn");
        var figures = new ResumeFigures(args[0], rounds);
        foreach (Piece piece in pieces)
        {
            figures.Measure(piece);
        }

        figures.Draw();
        return 0;
    }

    private static string? Value(string[] args, string option) => args.SkipWhile(arg => arg != option).ElementAtOrDefault(1);

    /// <summary>The pieces to measure; null if one is named that does not exist.</summary>
    private static List<Piece>? Pieces(string? only, bool quick)
    {
        List<Piece> all = [.. Memories.Select(memory => new Piece(memory, null)), .. Percents.Select(percent => new Piece(ConfiguredMemory, percent))];
        if (only is null)
        {
            return [.. all.Where(piece => !quick || (piece.ConfiguredPercent is { } percent ? percent == Percents[0] || percent == Percents[^1] : piece.MemoryBytes <= QuickMost))];
        }

        string[] names = only.Split(',');
        return names.All(name => all.Any(piece => piece.Is(name))) ? [.. all.Where(piece => names.Any(piece.Is))] : null;
    }

    private void Measure(Piece piece)
    {
        using var folder = new DemoFolder();
        MachineCheckpoint checkpoint = DemoOf(piece, ResumeWay.Full).CaptureAndKill(folder["guest.pages"]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{piece}: configured {100.0 * checkpoint.Newest.PagesConfigured * PageSizes.Default / piece.MemoryBytes:F1} %, working set {ByteSize.Format(checkpoint.WorkingBytes)}, pack {checkpoint.Newest.Pack?.Pages ?? 0} pages"));

        // Against what is configured the medium is what matters, so the page cache is left out there.
        foreach (bool cold in piece.ConfiguredPercent is null ? (bool[])[true, false] : [true])
        {
            var found = new List<MachineReturn>();
            for (int round = 0; round < _rounds; round++)
            {
                found.AddRange(ResumeWay.All.Select(way => Resume(piece, checkpoint, way, cold)));
            }

            File.AppendAllLines(PointsFile, found.Select(one => JsonSerializer.Serialize(PointOf(piece, MachineWay.Of(one, MachineWay.FullSpeedOf(one.Resumed)), cold))));
        }
    }

    private static MachineReturn Resume(Piece piece, MachineCheckpoint checkpoint, ResumeWay way, bool cold)
    {
        if (cold)
        {
            PageCache.Drop(checkpoint.Path);
        }
        else
        {
            PageCache.Fill(checkpoint.Path);
        }

        long resident = PageCache.Resident(checkpoint.Path);
        MachineReturn found = DemoOf(piece, way).Resume(checkpoint, way, cold);
        MachineWay figures = MachineWay.Of(found, fullSpeed: 0);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {(cold ? "cold" : "warm")}, {way.Name}: resident before {resident >> 20} MiB, read from the medium {figures.BytesRead >> 20} MiB, first progress {figures.FirstProgressSeconds:F3} s, {figures.Faults} faults, whole {figures.WholeSeconds:F3} s, {MachineWay.FullSpeedOf(found.Resumed) / 1e6:F2} million operations a second"));
        return found;
    }

    private static FigurePoint PointOf(Piece piece, MachineWay way, bool cold) =>
        new(piece.MemoryBytes, piece.ConfiguredPercent, cold, way.Way, FollowSeconds(piece, way.Way), way.FirstProgressSeconds, way.BackSeconds);

    private static MachineDemo DemoOf(Piece piece, ResumeWay way) => new(
        new MachineDemoRequest(piece.MemoryBytes, Epochs, FollowSeconds(piece, way.Name), [way])
        {
            ConfiguredBytes = piece.ConfiguredPercent is { } percent ? piece.MemoryBytes * percent / 100 : null,
            Check = false,
        },
        _ => { },
        CancellationToken.None);

    /// <summary>About twice what it takes to be back, as first runs showed it: on demand that takes as long as the working set is large, and there is an end to patience.</summary>
    private static double FollowSeconds(Piece piece, string way)
    {
        double gibibytes = piece.MemoryBytes / (double)(1L << 30);
        return way == ResumeWay.Full.Name ? 4
            : way == ResumeWay.Hybrid.Name ? 4 + gibibytes
            : Math.Min(6 + (8 * gibibytes), 24);
    }

    private void Draw()
    {
        FigurePoint[] points = [.. File.ReadLines(PointsFile).Select(line => JsonSerializer.Deserialize<FigurePoint>(line)!)];
        IReadOnlyList<string> table = FigureCharts.Table(points);
        File.WriteAllLines(Path.Combine(_folder, "figures.md"), table);
        foreach ((string name, LineChart chart) in FigureCharts.Of(points))
        {
            using XmlWriter writer = XmlWriter.Create(
                Path.Combine(_folder, name + ".svg"), new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) });
            SvgChart.Write(writer, chart);
        }

        Console.WriteLine(string.Join('\n', table));
    }

    /// <summary>A machine of the figures.</summary>
    private sealed record Piece(long MemoryBytes, int? ConfiguredPercent)
    {
        public bool Is(string name) => ConfiguredPercent is null
            ? ByteSize.TryParse(name) == MemoryBytes
            : name == ToString();

        public override string ToString() =>
            ConfiguredPercent is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{percent}%") : ByteSize.Format(MemoryBytes).Replace(" ", string.Empty, StringComparison.Ordinal);
    }
}
