namespace PageStore.Checkpoint;

/// <summary>Which sections of an epoch make the stream that is asked for.</summary>
/// <param name="Before">Those that stand before the pages, in order.</param>
/// <param name="After">Those that stand behind them, in order.</param>
/// <param name="Head">What stands before them all and is no section: made for this stream.</param>
/// <param name="Tail">The same, behind them all.</param>
internal sealed record XenEpochSections(IReadOnlyList<string> Before, IReadOnlyList<string> After, ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Tail)
{
    /// <summary>What each libxc stream has that has pages. Of version 2, nothing need stand before them.</summary>
    private static readonly string[] Libxc = [XenSections.LibxcHeader, XenSections.LibxcState];

    /// <summary>What the layer around it has.</summary>
    private static readonly string[] Libxl = [XenSections.LibxlHeader, XenSections.LibxlHead, XenSections.LibxlTail];

    /// <summary>What a file of xl has before that.</summary>
    private static readonly string[] Xl = [XenSections.XlHeader];

    /// <summary>What a suspend image of XAPI has around that.</summary>
    private static readonly string[] Xapi = [XenSections.XapiHead, XenSections.XapiTail];

    /// <summary>Where a libxl stream has its records of emulators, beside one record that has no body.</summary>
    private static readonly string[] AroundPages = [XenSections.LibxlHead, XenSections.LibxlTail];

    /// <summary>Finds the sections.</summary>
    /// <exception cref="UnsupportedException">The epoch lacks one of them, or is not restorable.</exception>
    public static XenEpochSections Of(Epoch epoch, XenExportOptions options)
    {
        string[] needed = options.Format switch
        {
            ImageFormat.XlSave => [.. Xl, .. Libxl, .. Libxc],
            ImageFormat.LibxlStream => [.. Libxl, .. Libxc],
            ImageFormat.LibxcStream => Libxc,
            ImageFormat.XapiImage => [.. Xapi, .. Libxc],
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Format, "Not a Xen stream."),
        };
        HashSet<string> present = [.. epoch.Info.States.Select(state => state.Name)];
        bool isMade = options.Format == ImageFormat.XapiImage && IsWithoutEmulators(epoch) && !Array.Exists(Xapi, present.Contains);
        needed = isMade ? Libxc : needed;
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
        return new(
            [.. XenSections.BeforePages.Where(IsPart)], [.. XenSections.AfterPages.Where(IsPart)], isMade ? XapiLayer.MakeHead(epoch.Info.Time) : default, isMade ? XapiLayer.MakeTail() : default);
    }

    /// <summary>
    /// Whether the epoch says that no emulator served the guest: libxl's stream ends behind that of the pages. A bare libxc stream does not say it; and what libxl has of emulators, XAPI has in
    /// records of other kinds.
    /// </summary>
    private static bool IsWithoutEmulators(Epoch epoch) =>
        Array.TrueForAll(AroundPages, name => epoch.Info.States.Any(state => state.Name == name && state.Length == RecordHeader.Size));

    private static string WhyMissing(Epoch epoch, string missing, HashSet<string> present) => epoch.Info.Consistency switch
    {
        EpochConsistency.Paused when !present.Contains(XenSections.LibxcState) =>
            "it was taken of a paused guest, and the stream would lack the state of devices and processors, without which Xen cannot run it. Take a restorable epoch, or export this one as a raw image.",
        EpochConsistency.Restorable when Xl.Contains(missing) && Array.TrueForAll(Libxc, present.Contains) =>
            $"it has no section \"{missing}\", xl's configuration of the guest. Export it as the libxc stream.",
        EpochConsistency.Restorable when Xapi.Contains(missing) && Array.TrueForAll(Libxc, present.Contains) =>
            $"it has no section \"{missing}\", and does not say that the guest has no device model, of whose state XAPI has a record of its own. Export it as what it was imported from, or suspend the guest by XAPI and import that image.",
        _ => $"it has no section \"{missing}\", so it did not come from one. Export it as a raw image, or as what it was imported from.",
    };
}
