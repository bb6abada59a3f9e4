namespace PageStore.Checkpoint;

/// <summary>
/// The names of the sections that keep everything of a Xen stream that is no page. Each holds bytes verbatim, record headers and
/// padding included, so that <see cref="BeforePages"/> in order, PAGE_DATA records, and <see cref="AfterPages"/> in order are the
/// stream again. A section that would be empty does not exist.
/// </summary>
public static class XenSections
{
    /// <summary>The signature of a XAPI suspend image and its records up to the header of the libxc stream, that one included.</summary>
    public const string XapiHead = "xapi-head";

    /// <summary>The fixed header of an <c>xl save</c> file (48 bytes) and the length of the configuration (4 bytes).</summary>
    public const string XlHeader = "xl-header";

    /// <summary>The domain's configuration: JSON as xl wrote it, its terminating NUL included.</summary>
    public const string XlConfig = "xl-config";

    /// <summary>What follows the configuration in the optional data of the xl header. No release of Xen writes any.</summary>
    public const string XlOptional = "xl-optional";

    /// <summary>The header of the libxl stream: 16 bytes.</summary>
    public const string LibxlHeader = "libxl-header";

    /// <summary>The libxl records up to the LIBXC_CONTEXT record, that one included.</summary>
    public const string LibxlHead = "libxl-head";

    /// <summary>The image header (24 bytes) and the domain header (16 bytes) of the libxc stream.</summary>
    public const string LibxcHeader = "libxc-header";

    /// <summary>The libxc records before the first PAGE_DATA record; all of them, END included, where there is no such record.</summary>
    public const string LibxcStatic = "libxc-static";

    /// <summary>
    /// The libxc records behind the first PAGE_DATA record, END included, without PAGE_DATA and VERIFY: the state of devices and
    /// processors.
    /// </summary>
    public const string LibxcState = "libxc-state";

    /// <summary>The libxl records behind the libxc stream, END included.</summary>
    public const string LibxlTail = "libxl-tail";

    /// <summary>The records of a XAPI suspend image behind the libxc stream, the last one included.</summary>
    public const string XapiTail = "xapi-tail";

    /// <summary>The sections that stand before the pages, in the order of the stream.</summary>
    public static IReadOnlyList<string> BeforePages { get; } =
        [XapiHead, XlHeader, XlConfig, XlOptional, LibxlHeader, LibxlHead, LibxcHeader, LibxcStatic];

    /// <summary>The sections that stand behind the pages, in the order of the stream.</summary>
    public static IReadOnlyList<string> AfterPages { get; } = [LibxcState, LibxlTail, XapiTail];
}
