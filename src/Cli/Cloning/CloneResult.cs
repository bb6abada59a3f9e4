namespace PageStore.Cli;

/// <summary>What <c>clone --json</c> prints.</summary>
/// <param name="Epoch">The epoch from which all run.</param>
/// <param name="MemoryBytes">The memory of a guest.</param>
/// <param name="FillSeconds">How long it took to open the file and to read the memory that all share.</param>
/// <param name="BaseBytes">What that memory takes when the clones have run.</param>
/// <param name="BasePss">What of it counts for this process.</param>
/// <param name="OwnBytes">What the clones wrote: all pages that are one clone's own.</param>
/// <param name="TotalPss">The memory of all guests and the base in the kernel's account.</param>
/// <param name="ProcessesPss">The processes of the clones in the kernel's account, with their runtimes.</param>
/// <param name="Clones">Each clone, in the order of their starts.</param>
internal sealed record CloneResult(
    long Epoch, long MemoryBytes, double FillSeconds, long BaseBytes, long BasePss, long OwnBytes, long TotalPss, long ProcessesPss, IReadOnlyList<CloneLine> Clones)
{
    /// <summary>The account against what there must be: 1 is exact.</summary>
    public double Ratio => (double)TotalPss / (BaseBytes + OwnBytes);
}

/// <summary>A clone in what <c>clone --json</c> prints.</summary>
/// <param name="Process">Its process.</param>
/// <param name="StartMs">As <see cref="CloneStarted.StartMs"/>.</param>
/// <param name="FirstProgressMs">As <see cref="CloneStarted.FirstProgressMs"/>.</param>
/// <param name="OwnPages">As <see cref="CloneMeasured.OwnPages"/>.</param>
/// <param name="GuestPss">As <see cref="CloneMeasured.GuestPss"/>.</param>
/// <param name="ProcessPss">As <see cref="CloneMeasured.ProcessPss"/>.</param>
/// <param name="CheckSeconds">How long the guest took at last to look through all of its memory, which it found right.</param>
internal sealed record CloneLine(int Process, double StartMs, double FirstProgressMs, long OwnPages, long GuestPss, long ProcessPss, double CheckSeconds);
