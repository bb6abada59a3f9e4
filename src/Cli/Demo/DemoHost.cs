using System.Runtime.InteropServices;

namespace PageStore.Cli;

/// <summary>Where something was measured.</summary>
/// <param name="Processor">As it calls itself.</param>
/// <param name="Processors">How many of them the process may use.</param>
/// <param name="MemoryBytes">What the process may have of the host's memory.</param>
/// <param name="Kernel">System and release.</param>
/// <param name="Runtime">The .NET runtime.</param>
internal sealed record DemoHost(string Processor, int Processors, long MemoryBytes, string Kernel, string Runtime)
{
    /// <summary>The field of /proc/cpuinfo that names a processor, on x86.</summary>
    private const string ModelField = "model name";

    /// <summary>Asks this host.</summary>
    public static DemoHost Ask() => new(
        NameOfProcessor(),
        Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        $"{RuntimeInformation.OSDescription}, kernel {Environment.OSVersion.Version}",
        RuntimeInformation.FrameworkDescription);

    /// <summary>In one line, for people.</summary>
    public override string ToString() =>
        $"{Processor}, {Processors} {(Processors == 1 ? "processor" : "processors")}, {ByteSize.Format(MemoryBytes)} of memory; {Kernel}; {Runtime}";

    private static string NameOfProcessor()
    {
        try
        {
            string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith(ModelField, StringComparison.Ordinal));
            return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return RuntimeInformation.ProcessArchitecture.ToString();
        }
    }
}
