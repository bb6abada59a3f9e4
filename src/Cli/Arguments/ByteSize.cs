using System.Globalization;

namespace PageStore.Cli;

/// <summary>Sizes as people write them: <c>1GiB</c>, <c>512MiB</c>, <c>64k</c>, <c>4096</c>; all units are powers of 1024.</summary>
internal static class ByteSize
{
    private const string Units = "KMGTP";

    /// <summary>Reads a size; null where it is none, negative, or beyond 2^63 bytes.</summary>
    public static long? TryParse(string text)
    {
        int digits = text.AsSpan().LastIndexOfAnyInRange('0', '9') + 1;
        return FactorOf(text[digits..]) is { } factor
            && decimal.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value)
            && value <= long.MaxValue / (decimal)factor
            ? (long)(value * factor)
            : null;
    }

    /// <summary>What a unit stands for; null where it is none.</summary>
    private static long? FactorOf(string unit)
    {
        string name = unit.ToUpperInvariant();
        if (name is "" or "B")
        {
            return 1;
        }

        int at = Units.IndexOf(name[0], StringComparison.Ordinal);
        return at >= 0 && name[1..] is "" or "B" or "IB" ? 1L << (10 * (at + 1)) : null;
    }

    /// <summary>Writes a size with three digits that count.</summary>
    public static string Format(long bytes)
    {
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit + 1 < Units.Length)
        {
            value /= 1024;
            unit++;
        }

        return unit < 0 ? $"{bytes} B" : string.Create(CultureInfo.InvariantCulture, $"{value:0.##} {Units[unit]}iB");
    }
}
