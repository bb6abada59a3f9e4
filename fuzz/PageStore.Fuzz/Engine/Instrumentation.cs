using SharpFuzz;

namespace PageStore.Fuzz;

/// <summary>Makes the library count its edges: rewrites its assemblies, which lie beside the fuzzer and are copies for it alone.</summary>
internal static class Instrumentation
{
    /// <summary>The library, and the decoder that it hands hostile bytes to.</summary>
    private static readonly string[] Assemblies = ["PageStore.dll", "PageStore.Checkpoint.dll", "K4os.Compression.LZ4.dll"];

    /// <summary>Rewrites them. None of them may be loaded yet, so this runs in a process of its own.</summary>
    public static int Run()
    {
        foreach (string assembly in Assemblies)
        {
            string path = Path.Combine(AppContext.BaseDirectory, assembly);
            int types = Fuzzer.Instrument(path, _ => true, Options.Value).Count();
            Console.WriteLine($"instrumented {assembly}: {types} types");
        }

        return 0;
    }
}
