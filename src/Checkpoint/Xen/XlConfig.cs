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
            var reader = new Utf8JsonReader(section.TrimEnd((byte)0));
            using var document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.TryGetProperty("c_info", out JsonElement info) && info.TryGetProperty("uuid", out JsonElement uuid)
                && Guid.TryParse(uuid.GetString(), out Guid id) ? id : null;
        }
        catch (Exception cause) when (cause is JsonException or InvalidOperationException)
        {
            // It is kept as it is; Xen will say what is wrong with it when it is to be used.
            return null;
        }
    }
}
