namespace PageStore.Checkpoint.Tests;

/// <summary>What a fault strikes.</summary>
[Flags]
internal enum FaultTarget
{
    None = 0,
    Read = 1,
    Write = 2,
    Sync = 4,
    Resize = 8,
    Punch = 16,
    Changes = Write | Sync | Resize | Punch,
    All = Changes | Read,
}

/// <summary>A fault to come: the n-th operation of the kinds given fails.</summary>
/// <param name="Target">Which kinds of operation count and fail.</param>
/// <param name="Countdown">Which of them fails, from 1; all behind it fail too if <paramref name="Lasting"/>.</param>
/// <param name="Errno">What the failure is.</param>
/// <param name="Short">Whether a failing write writes its first half.</param>
/// <param name="Lasting">Whether the medium stays broken.</param>
internal sealed record Fault(FaultTarget Target, int Countdown, int Errno, bool Short = false, bool Lasting = false)
{
    // errno.h of Linux.
    public const int Eintr = 4;
    public const int Eio = 5;
    public const int Enospc = 28;

    private int _left = Countdown;

    /// <summary>
    /// A failed sync drops what was not synced and takes it for written, as Linux does: which sectors of which operation reach
    /// the medium all the same. Null: they stay to be written by the next sync.
    /// </summary>
    public Func<int, int, bool>? SyncKeeps { get; init; }

    /// <summary>Whether the fault has struck.</summary>
    public bool Struck { get; private set; }

    public bool Strikes(FaultTarget operation)
    {
        if ((Target & operation) == 0 || (Struck && !Lasting))
        {
            return false;
        }

        Struck |= Interlocked.Decrement(ref _left) <= 0;
        return Struck;
    }
}
