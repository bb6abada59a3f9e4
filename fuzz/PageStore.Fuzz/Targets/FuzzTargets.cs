namespace PageStore.Fuzz;

/// <summary>All targets.</summary>
internal static class FuzzTargets
{
    public static IReadOnlyList<IFuzzTarget> All { get; } =
        [new CheckpointTarget(), new RepairTarget(), new XenTarget(), new ImportTarget(), new BitmapTarget(), new Lz4Target(), new CodecTarget(), new NbdTarget()];

    public static IFuzzTarget? Find(string name) => All.FirstOrDefault(target => target.Name == name);

    /// <summary>The target of a kept input: files are called target-hash.bin, or lie in a folder of the target's name.</summary>
    public static IFuzzTarget? OfFile(string path) =>
        Find(Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path))) ?? "")
        ?? All.FirstOrDefault(target => Path.GetFileName(path).StartsWith(target.Name + "-", StringComparison.Ordinal));

    /// <summary>Runs one input. Errors that the library is meant to throw at hostile bytes are swallowed.</summary>
    public static void RunOne(this IFuzzTarget target, ReadOnlySpan<byte> input)
    {
        try
        {
            target.Run(input);
        }
        catch (Exception expected) when (expected is CorruptDataException or UnsupportedException or WrongKeyException)
        {
            // What hostile bytes are meant to meet.
        }
    }
}
