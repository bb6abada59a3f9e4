namespace PageStore.Cli;

/// <summary>What the process returns; the README lists it.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Unexpected = 1;
    public const int Usage = 2;
    public const int Data = 3;
    public const int InputOutput = 4;
    public const int Host = 5;
    public const int Key = 6;

    /// <summary>The operator's command failed: that of --on-loss, or of --hook-paused.</summary>
    public const int Command = 7;

    /// <summary>What shells report for a program that SIGINT ended: 128 + 2.</summary>
    public const int Interrupted = 130;
}
