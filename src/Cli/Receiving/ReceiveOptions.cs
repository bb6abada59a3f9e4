namespace PageStore.Cli;

/// <summary>What <c>pagestore receive</c> was asked to do.</summary>
/// <param name="File">The checkpoint file.</param>
/// <param name="OnLoss">The command to run when the sender is gone; null for none.</param>
/// <param name="Timeout">For how long nothing may come from a sender that is there; null for any time.</param>
/// <param name="KeepLast">How many epochs to keep; null keeps all.</param>
/// <param name="Form">How pages are stored.</param>
/// <param name="HasSender">Whether xl started this in the place of its own receiver, and waits for that one's banner.</param>
internal sealed record ReceiveOptions(string File, string? OnLoss, TimeSpan? Timeout, int? KeepLast, PageForm Form, bool HasSender);

/// <summary>What came of it.</summary>
/// <param name="Epochs">How many epochs were committed.</param>
/// <param name="Last">The last of them.</param>
/// <param name="IsLost">Whether the stream ended before its end.</param>
/// <param name="Root">The root of the file, where the host can compute it.</param>
internal sealed record Received(long Epochs, EpochId Last, bool IsLost, string? Root);
