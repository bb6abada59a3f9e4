namespace PageStore.Cli;

/// <summary>What the process of a clone says when it stands and can be run. Time counts from when it was told to start, in a process that is there.</summary>
/// <param name="StartMs">When the guest could run: its memory is mapped, and its machine has its state.</param>
/// <param name="FirstProgressMs">When the guest had first done something.</param>
internal sealed record CloneStarted(double StartMs, double FirstProgressMs);

/// <summary>What a clone takes while it stands.</summary>
/// <param name="OwnPages">How many pages of the guest's memory are its own.</param>
/// <param name="GuestPss">The guest's memory in the kernel's account: each page divided by how often it is mapped; with what is swapped out.</param>
/// <param name="ProcessPss">The same of the whole process, runtime and all.</param>
/// <param name="Reports">How often the guest has reported progress.</param>
internal sealed record CloneMeasured(long OwnPages, long GuestPss, long ProcessPss, long Reports);

/// <summary>What a clone says whose guest has looked through all of its memory, found it right, and ended.</summary>
/// <param name="Seconds">How long it took.</param>
internal sealed record CloneChecked(double Seconds);
