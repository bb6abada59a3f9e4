using System.Text;

namespace PageStore.Checkpoint;

/// <summary>Texts in the file: UTF-8 without a byte order mark, and nothing that is no text.</summary>
internal static class FormatText
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>How many bytes a text takes; -1 for half of a surrogate pair, which UTF-8 cannot express.</summary>
    public static int CountBytes(string text)
    {
        try
        {
            return Utf8.GetByteCount(text);
        }
        catch (EncoderFallbackException)
        {
            return -1;
        }
    }

    /// <summary>The bytes of a text that <see cref="CountBytes"/> accepts.</summary>
    public static byte[] GetBytes(string text) => Utf8.GetBytes(text);

    /// <summary>Reads a text.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="offset">Where they were read.</param>
    /// <exception cref="CorruptDataException">They are no UTF-8.</exception>
    public static string Read(ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Damage.At(offset, "a text of an epoch record is no UTF-8");
        }
    }
}
