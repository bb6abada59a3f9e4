using System.Text.Json;

namespace PageStore.Checkpoint;

/// <summary>What an epoch of a disk says of it: docs/format.md, "State section of a disk". Immutable.</summary>
/// <param name="Length">The length of the disk in bytes; its last page may be cut off.</param>
/// <param name="Export">What the source calls the disk.</param>
/// <param name="Bitmap">The bitmap that told what changed since the parent; null where the whole disk was read.</param>
/// <param name="NextBitmap">The bitmap that records what is written from this epoch on; null for none.</param>
public sealed record DiskInfo(long Length, string Export, string? Bitmap, string? NextBitmap)
{
    /// <summary>The section's name.</summary>
    internal const string Name = "pagestore-disk";

    /// <summary>The longest name of a bitmap or an export, in bytes of UTF-8: the longest string of NBD.</summary>
    internal const int MaxNameBytes = 4096;

    /// <summary>The longest section that is read: three names, each byte as the six characters of a JSON escape, and the rest.</summary>
    private const int MaxBytes = 80 << 10;

    private const string LengthName = "length";
    private const string ExportName = "export";
    private const string BitmapName = "bitmap";
    private const string NextBitmapName = "nextBitmap";

    /// <summary>The section.</summary>
    internal byte[] ToBytes()
    {
        var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber(LengthName, Length);
            json.WriteString(ExportName, Export);
            json.WriteString(BitmapName, Bitmap);
            json.WriteString(NextBitmapName, NextBitmap);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>Reads it of an epoch; null where the epoch is none of a disk.</summary>
    /// <param name="epoch">The epoch, which stays the caller's.</param>
    /// <exception cref="CorruptDataException">The section is damaged, or does not fit the epoch.</exception>
    public static DiskInfo? TryRead(Epoch epoch)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        StateInfo? state = epoch.Info.States.Where(state => state.Name == Name).Cast<StateInfo?>().FirstOrDefault();
        if (state is not { } found)
        {
            return null;
        }

        return found.Length <= MaxBytes && Parse(epoch) is { } section && Fits(section.Length, epoch)
            ? section
            : throw new CorruptDataException($"Epoch {epoch.Info.Id}: its state section {Name} does not say how long a disk of {epoch.PageCount} pages of {epoch.PageSize} bytes is.") { Epoch = epoch.Info.Id };
    }

    private static bool Fits(long length, Epoch epoch) =>
        length > 0 && (length - 1) / epoch.PageSize == epoch.PageCount - 1;

    private static DiskInfo? Parse(Epoch epoch)
    {
        using Stream content = epoch.OpenState(Name);
        try
        {
            using JsonDocument json = JsonDocument.Parse(content);
            JsonElement root = json.RootElement;
            return new DiskInfo(root.GetProperty(LengthName).GetInt64(), Text(root, ExportName) ?? string.Empty, Text(root, BitmapName), Text(root, NextBitmapName));
        }
        catch (Exception cause) when (cause is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement root, string name) => root.GetProperty(name).GetString();
}
