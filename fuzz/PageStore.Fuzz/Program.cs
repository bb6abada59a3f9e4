using System.Globalization;

namespace PageStore.Fuzz;

/// <summary>The fuzzer's commands; fuzz/run puts them together.</summary>
internal static class Program
{
    private const string Usage = """
        usage: PageStore.Fuzz COMMAND
          instrument                      rewrite the assemblies beside the fuzzer, so that they count their edges
          seed CORPUS                     write the inputs to start from
          run TARGET SECONDS SEED CORPUS CRASHES [FOUND]
          replay FILE...                  run kept inputs; what fails is shown in full
          distill TARGET CORPUS           remove kept inputs that take no way of their own
          shrink FILE OUTPUT              make an input that fails smaller
        """;

    public static int Main(string[] arguments)
    {
        if (arguments is ["instrument"])
        {
            return Instrumentation.Run();
        }

        CoverageMap.Attach();
        return Run(arguments);
    }

    private static int Run(string[] arguments)
    {
        switch (arguments)
        {
            case ["seed", var corpus]:
                return WriteSeeds(corpus);
            case ["run", var name, var seconds, var seed, var corpus, var crashes, .. var found] when found.Length <= 1 && FuzzTargets.Find(name) is { } target:
                var options = new FuzzOptions(
                    double.Parse(seconds, CultureInfo.InvariantCulture), int.Parse(seed, CultureInfo.InvariantCulture), corpus, crashes, found.FirstOrDefault());
                using (var loop = new FuzzLoop(target, options))
                {
                    return loop.Run();
                }

            case ["replay", .. var files] when files.Length > 0:
                return files.Select(Replay).Max();
            case ["distill", var name, var corpus] when FuzzTargets.Find(name) is { } target:
                return Distiller.Run(target, corpus);
            case ["shrink", var file, var output] when FuzzTargets.OfFile(file) is { } target:
                return Shrinker.Run(target, file, output);
            default:
                Console.Error.WriteLine(Usage);
                Console.Error.WriteLine($"targets: {string.Join(", ", FuzzTargets.All.Select(target => target.Name))}");
                return 2;
        }
    }

    private static int WriteSeeds(string corpus)
    {
        foreach (IFuzzTarget target in FuzzTargets.All)
        {
            foreach ((string name, byte[] input) in target.Seeds())
            {
                CorpusFiles.Save(corpus, target, name, input);
            }
        }

        return 0;
    }

    private static int Replay(string file)
    {
        if (FuzzTargets.OfFile(file) is not { } target)
        {
            Console.Error.WriteLine($"{file}: neither its name nor its folder names a target.");
            return 2;
        }

        try
        {
            target.RunOne(File.ReadAllBytes(file));
            Console.WriteLine($"{file}: no failure");
            return 0;
        }
        catch (Exception failure)
        {
            Console.WriteLine($"{file}: {failure}");
            return 1;
        }
    }
}
