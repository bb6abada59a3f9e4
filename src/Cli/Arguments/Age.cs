using System.Globalization;

namespace PageStore.Cli;

/// <summary>Ages as people write them: <c>90s</c>, <c>15m</c>, <c>12h</c>, <c>7d</c>.</summary>
internal static class Age
{
    /// <summary>Reads an age; null where it is none, or longer than a million days.</summary>
    public static TimeSpan? TryParse(string text)
    {
        const double maxDays = 1e6;
        TimeSpan? unit = text.Length == 0 ? null : text[^1] switch
        {
            's' => TimeSpan.FromSeconds(1),
            'm' => TimeSpan.FromMinutes(1),
            'h' => TimeSpan.FromHours(1),
            'd' => TimeSpan.FromDays(1),
            _ => null,
        };
        return unit is { } one && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count)
            && count * one.TotalDays <= maxDays
            ? one * count
            : null;
    }
}
