namespace PageStore.Cli;

/// <summary>What xl waits for before it sends a guest.</summary>
internal static class Handshake
{
    /// <summary>Xen's tools/xl/xl_migrate.c, <c>migrate_receiver_banner</c>. Remus reads nothing else of its receiver.</summary>
    private static ReadOnlyMemory<byte> Banner { get; } = "xl migration receiver ready, send binary domain data.\n"u8.ToArray();

    public static async Task SendAsync(ToolConsole console, CancellationToken cancellation)
    {
        // Not closed: xl would take that for the receiver's end.
        Stream output = console.Output();
        await output.WriteAsync(Banner, cancellation);
        await output.FlushAsync(cancellation);
    }
}
