using System.Globalization;
using dnlib.DotNet;
using dnlib.DotNet.Emit;
using SharpFuzz;
using SharpFuzz.Common;

namespace PageStore.Fuzz;

/// <summary>Makes the library count its edges: rewrites its assemblies, which lie beside the fuzzer and are copies for it alone.</summary>
internal static class Instrumentation
{
    /// <summary>The library, and the decoder that it hands hostile bytes to.</summary>
    private static readonly string[] Assemblies = ["PageStore.dll", "PageStore.Checkpoint.dll", "K4os.Compression.LZ4.dll"];

    /// <summary>What runs on the writer's own thread: its edges would mix with those of the thread that runs the input, by chance.</summary>
    private static readonly string[] OfOtherThreads = ["PageStore.Checkpoint.WriteBehind", "PageStore.Checkpoint.WriteChunk"];

    private static readonly string PlacesFile = Path.Combine(AppContext.BaseDirectory, "places.txt");

    /// <summary>How many places the instrumented assemblies have.</summary>
    public static int Places => int.Parse(File.ReadAllText(PlacesFile), CultureInfo.InvariantCulture);

    /// <summary>Rewrites them. None of them may be loaded yet, so this runs in a process of its own.</summary>
    public static int Run()
    {
        int all = 0;
        foreach (string assembly in Assemblies)
        {
            string path = Path.Combine(AppContext.BaseDirectory, assembly);
            int types = Fuzzer.Instrument(path, IsCounted, Options.Value).Count();
            int places = CountPlaces(path);
            Console.WriteLine($"instrumented {assembly}: {types} types, {places} places");
            all += places;
        }

        File.WriteAllText(PlacesFile, all.ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static bool IsCounted(string type) => !OfOtherThreads.Any(other => type.StartsWith(other, StringComparison.Ordinal));

    /// <summary>Each place ends in setting the location that the next one comes from.</summary>
    private static int CountPlaces(string path)
    {
        using var module = ModuleDefMD.Load(path);
        return module.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody).SelectMany(method => method.Body.Instructions)
            .Count(instruction => instruction.OpCode == OpCodes.Stsfld && instruction.Operand is IField { Name.String: nameof(Trace.PrevLocation) });
    }
}
