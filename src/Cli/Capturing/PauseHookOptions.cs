namespace PageStore.Cli;

/// <summary>What runs while a guest stands still.</summary>
/// <param name="Command">What /bin/sh is given.</param>
/// <param name="Timeout">How long the guest waits for it at most.</param>
internal sealed record PauseHookOptions(string Command, TimeSpan Timeout);
