using System.Globalization;

namespace PageStore.Cli;

/// <summary>A file and an epoch of it: <c>FILE</c> or <c>FILE@EPOCH</c>.</summary>
/// <param name="Path">The file.</param>
/// <param name="Epoch">The epoch; null stands for the newest.</param>
internal sealed record EpochReference(string Path, EpochId? Epoch)
{
    /// <summary>Reads a reference. A file whose own name ends like an epoch is taken for itself.</summary>
    public static EpochReference Parse(string text)
    {
        int at = text.LastIndexOf('@');
        return at > 0 && !File.Exists(text) && long.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long id)
            ? new EpochReference(text[..at], new EpochId(id))
            : new EpochReference(text, null);
    }
}
