namespace PageStore.Cli;

/// <summary>What <c>store add --json</c> prints.</summary>
internal sealed record StoreAddResult(string Name, string Domain, string Path, long Epochs, long Pages, long BlocksAdded, long BytesAdded, long FileBytes);

/// <summary>What <c>store list --json</c> prints.</summary>
internal sealed record StoreListResult(IReadOnlyList<StoreListEntry> Checkpoints);

/// <summary>One checkpoint in what <c>store list --json</c> prints.</summary>
internal sealed record StoreListEntry(string Name, string Domain, string Path, Guid FileId, DateTimeOffset Added);

/// <summary>What <c>store remove --json</c> prints.</summary>
internal sealed record StoreRemoveResult(string Removed);
