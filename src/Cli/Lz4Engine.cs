using PageStore.Native;

namespace PageStore.Cli;

/// <summary>By what this process packs and unpacks LZ4 blocks: liblz4 where the host has it, as it is faster, the managed engine elsewhere.</summary>
internal static class Lz4Engine
{
    /// <summary>Chooses the engine, before any file is opened.</summary>
    /// <exception cref="UnsupportedException">The environment names a library that cannot be used.</exception>
    public static void Choose() => PageCodecs.UseLz4(Of(Environment.GetEnvironmentVariable(NativePageCodec.LibraryVariable)));

    /// <summary>The engine for a value of <see cref="NativePageCodec.LibraryVariable"/>; an empty one is none.</summary>
    /// <exception cref="UnsupportedException">It names a library that cannot be used.</exception>
    public static IPageCodec Of(string? choice) => choice switch
    {
        NativePageCodec.Managed => PageCodecs.ManagedLz4,
        null or "" => NativePageCodec.TryOpen(out NativePageCodec? native) ? native : PageCodecs.ManagedLz4,
        _ => NativePageCodec.Open(choice),
    };
}
