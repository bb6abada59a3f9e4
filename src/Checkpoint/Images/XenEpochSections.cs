namespace PageStore.Checkpoint;

/// <summary>Which sections of an epoch make the stream that is asked for.</summary>
/// <param name="Before">Those that stand before the pages, in order.</param>
/// <param name="After">Those that stand behind them, in order.</param>
internal sealed record XenEpochSections(IReadOnlyList<string> Before, IReadOnlyList<string> After)
{
    /// <summary>What each libxc stream has that has pages. Of version 2, nothing need stand before them.</summary>
    private static readonly string[] Libxc = [XenSections.LibxcHeader, XenSections.LibxcState];

    /// <summary>What the layer around it has.</summary>
    private static readonly string[] Libxl = [XenSections.LibxlHeader, XenSections.LibxlHead, XenSections.LibxlTail];

    /// <summary>What a file of xl has before that.</summary>
    private static readonly string[] Xl = [XenSections.XlHeader];

    /// <summary>Finds the sections.</summary>
    /// <exception cref="UnsupportedException">The epoch lacks one of them, or is not restorable.</exception>
    public static XenEpochSections Of(Epoch epoch, XenExportOptions options)
    {
        string[] needed = options.Format switch
        {
            ImageFormat.XlSave => [.. Xl, .. Libxl, .. Libxc],
            ImageFormat.LibxlStream => [.. Libxl, .. Libxc],
            ImageFormat.LibxcStream => Libxc,
            ImageFormat.XapiImage => [XenSections.XapiHead, .. Libxc, XenSections.XapiTail],
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Format, "Not a Xen stream."),
        };
        HashSet<string> present = [.. epoch.Info.States.Select(state => state.Name)];
        if (Array.Find(needed, name => !present.Contains(name)) is { } missing)
        {
            throw new UnsupportedException($"Epoch {epoch.Info.Id} cannot be written as such a stream: {WhyMissing(epoch, missing, present)}");
        }

        if (epoch.Info.Consistency != EpochConsistency.Restorable && !options.AllowUnrestorable)
        {
            throw new UnsupportedException($"Epoch {epoch.Info.Id} is not restorable ({epoch.Info.Consistency}): its memory does not belong to a state of devices and processors. Export one that is, or insist on it.");
        }

        // A layer is written whole: with the sections that only some of its writers make, or that are empty, as the header then says.
        string[] optional = options.Format == ImageFormat.XlSave ? [XenSections.XlConfig, XenSections.XlOptional, XenSections.LibxcStatic] : [XenSections.LibxcStatic];
        bool IsPart(string name) => present.Contains(name) && (needed.Contains(name) || optional.Contains(name));
        return new([.. XenSections.BeforePages.Where(IsPart)], [.. XenSections.AfterPages.Where(IsPart)]);
    }

    private static string WhyMissing(Epoch epoch, string missing, HashSet<string> present) => epoch.Info.Consistency switch
    {
        EpochConsistency.Paused when !present.Contains(XenSections.LibxcState) =>
            "it was taken of a paused guest, and the stream would lack the state of devices and processors, without which Xen cannot run it. Take a restorable epoch, or export this one as a raw image.",
        EpochConsistency.Restorable when Xl.Contains(missing) && Array.TrueForAll(Libxc, present.Contains) =>
            $"it has no section \"{missing}\", xl's configuration of the guest. Export it as the libxc stream.",
        _ => $"it has no section \"{missing}\", so it did not come from one. Export it as a raw image, or as what it was imported from.",
    };
}
