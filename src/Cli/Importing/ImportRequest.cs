namespace PageStore.Cli;

/// <summary>What <c>pagestore import</c> is to do.</summary>
/// <param name="Image">What to read.</param>
/// <param name="File">The checkpoint file.</param>
/// <param name="Form">How pages are stored.</param>
/// <param name="PageSize">The page size of a new file; null for none in particular.</param>
/// <param name="Label">A text for people.</param>
/// <param name="Json">Whether to print an object.</param>
internal sealed record ImportRequest(string Image, string File, PageForm Form, int? PageSize, string? Label, bool Json);
