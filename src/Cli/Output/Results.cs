using System.Text.Json.Serialization;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>What <c>import --json</c> prints.</summary>
internal sealed record ImportResult(
    long Epoch, long PageCount, int PageSize, long PagesWritten, long PagesZero, long PagesAbsent, long BytesWritten, string? Root, double Seconds)
{
    /// <summary>How many epochs a checkpointed stream made; 1 for anything else.</summary>
    public long Epochs { get; init; } = 1;

    /// <summary>Whether a checkpointed stream broke off.</summary>
    public bool CutOff { get; init; }

    /// <summary>How many records stand behind the end of a checkpointed stream, and belong to no epoch.</summary>
    public long RecordsDropped { get; init; }
}

/// <summary>What <c>import --json</c> prints of a disk.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Length">The length of the disk in bytes.</param>
/// <param name="PageCount">How many pages that is; the last one may be cut off.</param>
/// <param name="PageSize">In bytes.</param>
/// <param name="PagesRead">How many pages were read of the disk.</param>
/// <param name="PagesWritten">How many differ from the epoch before.</param>
/// <param name="PagesZero">How many are zero.</param>
/// <param name="Bitmap">The bitmap that told which ones to read; null where the whole disk was compared.</param>
/// <param name="BytesWritten">How many bytes were appended.</param>
/// <param name="Root">The root hash of the file.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record DiskImportResult(
    long Epoch, long Length, long PageCount, int PageSize, long PagesRead, long PagesWritten, long PagesZero, string? Bitmap, long BytesWritten, string? Root, double Seconds);

/// <summary>What <c>export --json</c> prints; not with <c>-o -</c>.</summary>
internal sealed record ExportResult(long Epoch, long Length, long DataPages, double Seconds);

/// <summary>What <c>inspect --json</c> prints.</summary>
internal sealed record InspectResult(
    int FormatVersion,
    int PageSize,
    long PageCount,
    long FileBytes,
    string? Root,
    bool Encrypted,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? KeyId,
    IReadOnlyList<InspectEpoch> Epochs);

/// <summary>What <c>inspect --json</c> prints of an encrypted file without its key.</summary>
internal sealed record InspectLocked(bool Encrypted, string KeyId, bool Passphrase);

/// <summary>One epoch in what <c>inspect --json</c> prints.</summary>
internal sealed record InspectEpoch(
    long Id,
    long? Parent,
    DateTimeOffset Time,
    string Label,
    long PagesWritten,
    long? PagesRead,
    long PagesZero,
    long PagesAbsent,
    long PagesConfigured,
    long Bytes,
    string Consistency,
    Guid? GuestId,
    Guid? BootInstance,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] InspectPack? Pack,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] HookResult? Hook,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DiskInfo? Disk)
{
    public static InspectEpoch Of(EpochInfo info, HookResult? hook, DiskInfo? disk) => new(
        info.Id.Value,
        info.Parent?.Value,
        info.Time,
        info.Label ?? string.Empty,
        info.PagesWritten,
        info.PagesRead,
        info.PagesZero,
        info.PagesAbsent,
        info.PagesConfigured,
        info.Bytes,
        info.Consistency.ToString().ToLowerInvariant(),
        info.GuestId == Guid.Empty ? null : info.GuestId,
        info.BootInstance == Guid.Empty ? null : info.BootInstance,
        info.Pack is { } pack ? new InspectPack(pack.Pages, pack.Bytes) : null,
        hook,
        disk);
}

/// <summary>A resume pack in what <c>inspect --json</c> prints.</summary>
internal sealed record InspectPack(long Pages, long Bytes);

/// <summary>What <c>verify --json</c> prints.</summary>
internal sealed record VerifyResult(
    bool Ok,
    long Epochs,
    long PagesChecked,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Damage,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Warnings,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? LiveBytes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? MetaBytes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? DeadBytes);

/// <summary>What <c>repair --json</c> prints.</summary>
internal sealed record RepairResult(
    bool Complete, long Epochs, long PagesCopied, long PagesLost, long FileBytes, long LostParts, IReadOnlyList<RepairLoss> Lost, double Seconds);

/// <summary>One loss in what <c>repair --json</c> prints: pages have <c>first</c> and <c>count</c>, anything else <c>part</c>.</summary>
internal sealed record RepairLoss(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Epoch,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? First,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Count,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Part,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Offset,
    string Reason)
{
    public static RepairLoss Of(LostPart part) =>
        new(part.Epoch?.Value, part.Pages?.First.Value, part.Pages?.Count, part.Part, part.Offset, part.Reason);
}

/// <summary>What <c>prune --json</c> prints.</summary>
internal sealed record PruneResult(IReadOnlyList<long> Dropped, long DeadBytes, long ReturnedBytes, long PinnedBytes, bool HeldByReaders);

/// <summary>What <c>pack --json</c> prints.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Pages">How many pages were packed; 0 where nothing is known that could be, or a pack was to be dropped.</param>
/// <param name="Bytes">How many bytes they take.</param>
/// <param name="Large">Whether they are more than half of what the guest holds.</param>
/// <param name="Dropped">Whether a pack was dropped.</param>
internal sealed record PackResult(long Epoch, long Pages, long Bytes, bool Large, bool Dropped);

/// <summary>What <c>compact --json</c> prints.</summary>
internal sealed record CompactResult(long Epochs, long BytesBefore, long BytesAfter, long Packs, long PacksLeft);

/// <summary>The results as JSON, made at build time so that NativeAOT has them.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ImportResult))]
[JsonSerializable(typeof(DiskImportResult))]
[JsonSerializable(typeof(ExportResult))]
[JsonSerializable(typeof(InspectResult))]
[JsonSerializable(typeof(InspectLocked))]
[JsonSerializable(typeof(VerifyResult))]
[JsonSerializable(typeof(RepairResult))]
[JsonSerializable(typeof(PruneResult))]
[JsonSerializable(typeof(PackResult))]
[JsonSerializable(typeof(CompactResult))]
[JsonSerializable(typeof(StoreAddResult))]
[JsonSerializable(typeof(StoreListResult))]
[JsonSerializable(typeof(StoreRemoveResult))]
[JsonSerializable(typeof(StoreReport))]
[JsonSerializable(typeof(StoreCollectReport))]
[JsonSerializable(typeof(PredictResult))]
[JsonSerializable(typeof(ServeResult))]
[JsonSerializable(typeof(ServeProgress))]
[JsonSerializable(typeof(HookResult))]
[JsonSerializable(typeof(DemoEpoch))]
[JsonSerializable(typeof(StoreDemoResult))]
[JsonSerializable(typeof(StoreRestored))]
[JsonSerializable(typeof(MachineResumed))]
[JsonSerializable(typeof(MachineDemoResult))]
[JsonSerializable(typeof(CloneStarted))]
[JsonSerializable(typeof(CloneMeasured))]
[JsonSerializable(typeof(CloneChecked))]
[JsonSerializable(typeof(CloneResult))]
internal sealed partial class ResultJson : JsonSerializerContext;
