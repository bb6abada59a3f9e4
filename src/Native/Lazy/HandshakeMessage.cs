using System.Text.Json;
using System.Text.Json.Serialization;

namespace PageStore.Native;

/// <summary>
/// What a monitor sends together with its userfaultfd: a JSON array of the parts of the guest's memory. The form is that of Firecracker (GuestRegionUffdMapping in
/// src/vmm/src/persist.rs), so that one handler serves its guests and ours.
/// </summary>
internal static class HandshakeMessage
{
    /// <summary>More is no handshake: a part takes about 150 bytes.</summary>
    internal const int MaxBytes = 1 << 18;

    /// <summary>The message for memory in one part.</summary>
    internal static byte[] For(LazyMappings mappings) => JsonSerializer.SerializeToUtf8Bytes([.. mappings.All.Select(ToPart)], HandshakeJson.Default.HandshakePartArray);

    /// <summary>Reads a message.</summary>
    /// <param name="message">What came so far.</param>
    /// <returns>Null while it is not whole.</returns>
    /// <exception cref="CorruptDataException">It is no such message, or what it says makes no sense.</exception>
    /// <exception cref="UnsupportedException">The memory has pages of another size.</exception>
    internal static LazyMappings? TryRead(ReadOnlySpan<byte> message)
    {
        if (!IsWhole(message))
        {
            return null;
        }

        try
        {
            HandshakePart?[] parts = JsonSerializer.Deserialize(message, HandshakeJson.Default.HandshakePartArray) ?? [];
            return new LazyMappings([.. parts.Select(FromPart)]);
        }
        catch (JsonException cause)
        {
            throw new CorruptDataException($"A monitor sent something else than the list of its guest's memory: {cause.Message}", cause);
        }
    }

    private static bool IsWhole(ReadOnlySpan<byte> message)
    {
        var reader = new Utf8JsonReader(message, isFinalBlock: false, default);
        try
        {
            return reader.Read() && reader.TrySkip();
        }
        catch (JsonException cause)
        {
            throw new CorruptDataException($"A monitor sent something else than the list of its guest's memory: {cause.Message}", cause);
        }
    }

    private static HandshakePart ToPart(LazyMapping mapping)
    {
        ulong pageSize = (ulong)Environment.SystemPageSize;
        return new HandshakePart(mapping.Address, (ulong)mapping.Count * pageSize, (ulong)mapping.First.Value * pageSize, pageSize, pageSize);
    }

    private static LazyMapping FromPart(HandshakePart? part)
    {
        if (part is null)
        {
            throw new CorruptDataException("A part of a guest's memory was said to be null: say where it lies.");
        }

        ulong pageSize = (ulong)Environment.SystemPageSize;

        // Before page_size there was page_size_kib, which holds bytes in spite of its name.
        ulong theirs = part.PageSize ?? part.PageSizeKib ?? pageSize;
        if (theirs != pageSize)
        {
            throw new UnsupportedException($"The guest's memory has pages of {theirs} bytes: only {pageSize} are served. Have the monitor back it by such pages.");
        }

        return part.Size % pageSize == 0 && part.Offset % pageSize == 0 && part.Size <= long.MaxValue && part.Offset <= long.MaxValue
            ? new LazyMapping(part.BaseHostVirtAddr, new Pfn((long)(part.Offset / pageSize)), (long)(part.Size / pageSize))
            : throw new CorruptDataException($"A part of a guest's memory was said to have {part.Size} bytes at offset {part.Offset}: whole pages of {pageSize} bytes are needed.");
    }
}

/// <summary>A part of a guest's memory, as Firecracker says it.</summary>
internal sealed record HandshakePart(ulong BaseHostVirtAddr, ulong Size, ulong Offset, ulong? PageSize, ulong? PageSizeKib);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectRequiredConstructorParameters = false)]
[JsonSerializable(typeof(HandshakePart[]))]
internal sealed partial class HandshakeJson : JsonSerializerContext;
