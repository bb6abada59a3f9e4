using System.Text.Json;

namespace PageStore.Checkpoint;

/// <summary>What the configuration in a file of <c>xl save</c> says of the guest (Xen's libxl_types.idl, <c>libxl_domain_config</c> as JSON).</summary>
internal static class XlConfig
{
    /// <summary>The guest's UUID; null where the configuration does not say it, or is none.</summary>
    /// <param name="section">The section <see cref="XenSections.XlConfig"/>: JSON and its terminating NUL.</param>
    public static Guid? GuestIdOf(ReadOnlySpan<byte> section)
    {
        try
        {
            // Not into a document: that takes many times the memory of its text, and anybody may have written it.
            var reader = new Utf8JsonReader(section.TrimEnd((byte)0));
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && FindMember(ref reader, "c_info"u8)
                && reader.TokenType == JsonTokenType.StartObject && FindMember(ref reader, "uuid"u8)
                && reader.TokenType == JsonTokenType.String && Guid.TryParse(reader.GetString(), out Guid id) ? id : null;
        }
        catch (Exception cause) when (cause is JsonException or InvalidOperationException)
        {
            // It is kept as it is; Xen will say what is wrong with it when it is to be used.
            return null;
        }
    }

    /// <summary>Goes to the value of a member of the object that the reader is at; false behind its last one.</summary>
    private static bool FindMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIt = reader.ValueTextEquals(name);
            reader.Read();
            if (isIt)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }
}
