namespace PageStore.Cli;

/// <summary>What <c>pagestore capture</c> was asked to do.</summary>
/// <param name="File">The checkpoint file; - for standard output.</param>
/// <param name="Interval">From one epoch to the next.</param>
/// <param name="Epochs">How many; null for no end.</param>
/// <param name="KeepLast">How many epochs to keep; null keeps all.</param>
/// <param name="Compression">How pages are stored, for <see cref="PageForm.Of"/>; null where nothing was said.</param>
/// <param name="ChecksSpace">Whether to refuse where a whole image may not fit.</param>
/// <param name="Hook">What runs while the guest stands still; null for nothing.</param>
/// <param name="Restorable">Which epochs are taken across a suspend; null for none.</param>
/// <param name="ReadsPageTables">Whether R is had from the guest's page tables, which are changed for it.</param>
/// <param name="Packs">Whether the newest epoch has a resume pack.</param>
internal sealed record CaptureRequest(string File, TimeSpan Interval, int? Epochs, int? KeepLast, string? Compression, bool ChecksSpace, PauseHookOptions? Hook, RestorableOption? Restorable, bool ReadsPageTables, bool Packs)
{
    /// <summary>How standard output is named in the place of a file.</summary>
    public const string StandardOutput = "-";

    /// <summary>Whether the epochs go to standard output, for another host.</summary>
    public bool IsStream => File == StandardOutput;
}
