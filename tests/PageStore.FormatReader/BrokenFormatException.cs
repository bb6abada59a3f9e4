namespace PageStore.FormatReader;

/// <summary>A file breaks a rule of docs/format.md.</summary>
public sealed class BrokenFormatException(string message) : Exception(message)
{
    /// <summary>Throws unless a rule holds.</summary>
    public static void Unless(bool holds, string rule)
    {
        if (!holds)
        {
            throw new BrokenFormatException(rule);
        }
    }
}
