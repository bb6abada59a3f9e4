using System.Globalization;

namespace PageStore.Cli;

/// <summary>Sizes as people write them: <c>1GiB</c>, <c>512MiB</c>, <c>64k</c>, <c>4096</c>; all units are powers of 1024.</summary>
internal static class ByteSize
{
    private const string Units = "KMGTP";

    /// <summary>Reads a size; null where it is none, negative, or beyond 2^63 bytes.</summary>
    public static long? TryParse(string text)
    {
        string number = text.TrimEnd('b', 'B').TrimEnd('i', 'I');
        int shift = 0;
        if (number.Length > 0 && Units.IndexOf(char.ToUpperInvariant(number[^1])) is var unit and >= 0)
        {
            shift = 10 * (unit + 1);
            number = number[..^1];
        }

        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
            && value * Math.Pow(2, shift) is var bytes and < long.MaxValue
            ? (long)bytes
            : null;
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
