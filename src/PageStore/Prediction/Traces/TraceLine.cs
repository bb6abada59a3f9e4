using System.Text.Json.Serialization;

namespace PageStore;

/// <summary>A line of a trace as JSON; what it has besides is left aside.</summary>
internal sealed record TraceLine(
    long[][]? Written, long[][]? Read, [property: JsonPropertyName("first_touch")] long[]? FirstTouch, long[][]? Demanded, long[][]? Loaded);

/// <summary>The first line.</summary>
internal sealed record TraceFirstLine(string? Format, [property: JsonPropertyName("page_size")] int PageSize, long Pages, string? Workload, Guid? File, long? Epoch);

/// <summary>Both, made at build time so that NativeAOT has them.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TraceLine))]
[JsonSerializable(typeof(TraceFirstLine))]
internal sealed partial class TraceJson : JsonSerializerContext;
