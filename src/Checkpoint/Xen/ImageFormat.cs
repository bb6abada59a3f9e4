namespace PageStore.Checkpoint;

/// <summary>The formats of images that PageStore imports.</summary>
public enum ImageFormat
{
    /// <summary>Raw memory: the pages in order from page 0 on, without any header. What nothing else matches.</summary>
    Raw,

    /// <summary>A file of <c>xl save</c>: an xl header with the configuration, then a libxl stream.</summary>
    XlSave,

    /// <summary>A bare libxl stream, version 2 (docs/specs/libxl-migration-stream of Xen).</summary>
    LibxlStream,

    /// <summary>A bare libxc stream, version 2 or 3 (docs/specs/libxc-migration-stream of Xen).</summary>
    LibxcStream,

    /// <summary>A suspend image of XAPI, version 2: a libxc stream among records of the host's metadata and its emulators' state.</summary>
    XapiImage,

    /// <summary>A file of <c>xl dump-core</c> (docs/misc/dump-core-format.txt of Xen): memory and registers, for looking at.</summary>
    DumpCore,
}
