namespace PageStore.Native;

/// <summary>Whether a machine runs.</summary>
public enum KvmState
{
    /// <summary>It was not run yet, or was paused, or was given a state: it can be run.</summary>
    Standing = 0,

    /// <summary>Its processor runs.</summary>
    Running = 1,

    /// <summary>What the guest did stopped it; <see cref="KvmStatus.Reason"/> says what that was.</summary>
    Stopped = 2,
}

/// <summary>Why a guest stopped.</summary>
public enum KvmStopReason
{
    /// <summary>It did not.</summary>
    None = 0,

    /// <summary>It halted: it has nothing to do until it is run again.</summary>
    Halted = 1,

    /// <summary>It asked for a pause, with a code of its own; it can be run again.</summary>
    AskedForPause = 2,

    /// <summary>It ended, with a code of its own.</summary>
    Ended = 3,

    /// <summary>It met an exception that it could not handle, twice more.</summary>
    TripleFault = 4,

    /// <summary>A page of its memory could not be had: lost by the hardware, poisoned, or not mapped in this process.</summary>
    BadMemory = 5,

    /// <summary>It used an address where it has no memory.</summary>
    OutsideMemory = 6,

    /// <summary>It used a port that a machine does not have, or in another width; the code is the port.</summary>
    BadPort = 7,

    /// <summary>KVM could not enter or emulate it; the code is the hardware's, or KVM's suberror.</summary>
    Refused = 8,

    /// <summary>KVM left it for a reason that PageStore does not know, which is the code (KVM_EXIT_*).</summary>
    UnknownExit = 9,

    /// <summary>KVM_RUN failed; the errno says why.</summary>
    RunFailed = 10,
}

/// <summary>Where a machine stands at one moment. Immutable.</summary>
/// <param name="State">Whether it runs.</param>
/// <param name="Reason">Why it stopped, if it did.</param>
/// <param name="Code">The guest's or KVM's, as <paramref name="Reason"/> says.</param>
/// <param name="Errno">That of KVM_RUN where it failed, or EHWPOISON for a page that the hardware lost; otherwise 0.</param>
/// <param name="Address">The guest-physical address, for the reasons that have one and if KVM told it.</param>
/// <param name="Reports">How many progress reports the guest has made in this machine.</param>
/// <param name="ConsoleBytes">How many bytes it has written to its console.</param>
/// <param name="Answer">What it last wrote to its answer port; 0 before.</param>
public sealed record KvmStatus(
    KvmState State, KvmStopReason Reason, uint Code, int Errno, ulong? Address, long Reports, long ConsoleBytes, uint Answer)
{
    /// <summary>Whether the guest can go on from where it stopped by itself.</summary>
    public bool CanContinue => State != KvmState.Stopped || Reason is KvmStopReason.Halted or KvmStopReason.AskedForPause;

    /// <summary>In one line, for people.</summary>
    public override string ToString()
    {
        string address = Address is { } at ? $" at 0x{at:x}" : string.Empty;
        string errno = Errno == 0 ? string.Empty : $", {NativeErrors.Describe(Errno)}";
        return State == KvmState.Stopped ? $"stopped: {Reason}{address}, code {Code}{errno}" : State.ToString();
    }

    internal static KvmStatus From(in KvmRawStatus raw) => new(
        raw.State,
        raw.Reason,
        raw.Code,
        raw.StopErrno,
        raw.Address == ulong.MaxValue ? null : raw.Address,
        (long)raw.Samples,
        (long)raw.ConsoleBytes,
        raw.Answer);
}
