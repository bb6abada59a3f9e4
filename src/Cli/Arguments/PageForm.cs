using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>How pages are stored, as <c>--compression</c> says it.</summary>
/// <param name="Codec">How a page is packed that is stored whole.</param>
/// <param name="Sharing">How what is stored already is found; null stores each page for itself.</param>
internal sealed record PageForm(IPageCodec Codec, SharingOptions? Sharing)
{
    /// <summary>Each content once, what differs from before as a patch, and the rest packed.</summary>
    public const string Auto = "auto";

    /// <summary>The names of all.</summary>
    public static string[] Names => [Auto, PageCodecs.None.Name, PageCodecs.Lz4.Name, PageCodecs.Lz4High.Name];

    /// <summary>The form of a name.</summary>
    /// <param name="name">One of <see cref="Names"/>; null stands for <see cref="Auto"/>.</param>
    /// <param name="automatic">Packs pages where the name says nothing of that: an import has more time than a capture.</param>
    public static PageForm Of(string? name, IPageCodec automatic) =>
        name is null or Auto ? new PageForm(automatic, new SharingOptions())
        : name == PageCodecs.Lz4.Name ? new PageForm(PageCodecs.Lz4, null)
        : name == PageCodecs.Lz4High.Name ? new PageForm(PageCodecs.Lz4High, null)
        : new PageForm(PageCodecs.None, null);
}
