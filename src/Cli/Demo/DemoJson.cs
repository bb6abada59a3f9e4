using System.Text.Json.Serialization;

namespace PageStore.Cli;

/// <summary>The demo's results as JSON, made at build time so that NativeAOT has them.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DemoResult))]
[JsonSerializable(typeof(DemoRestored))]
internal sealed partial class DemoJson : JsonSerializerContext;
