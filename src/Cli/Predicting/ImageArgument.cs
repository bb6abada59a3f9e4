using System.Globalization;

namespace PageStore.Cli;

/// <summary>A guest's memory at the end of an interval: <c>INTERVAL=RAW</c>.</summary>
internal sealed record ImageArgument(int Interval, string Path)
{
    /// <summary>Reads one; null if it is none.</summary>
    public static ImageArgument? TryParse(string text)
    {
        int sign = text.IndexOf('=');
        return sign > 0 && sign < text.Length - 1 && int.TryParse(text.AsSpan(0, sign), NumberStyles.None, CultureInfo.InvariantCulture, out int interval)
            ? new ImageArgument(interval, text[(sign + 1)..])
            : null;
    }
}
