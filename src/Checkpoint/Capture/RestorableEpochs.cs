namespace PageStore.Checkpoint;

/// <summary>Which of the epochs of <see cref="GuestCapture.Run"/> are taken across a suspend, so that the guest can run again from them.</summary>
/// <param name="Suspend">Suspends the guest.</param>
public sealed record RestorableEpochs(IGuestSuspend Suspend)
{
    /// <summary>Every n-th epoch, from 1 for every one; 0 for none but what <see cref="Last"/> says.</summary>
    public int Every { get; init; }

    /// <summary>
    /// The last epoch too: the one that reaches the number, or one more that is taken when the captures are cancelled, unless there is none yet.
    /// </summary>
    public bool Last { get; init; }

    internal bool Includes(long number, bool isLast) => (Last && isLast) || (Every > 0 && number % Every == 0);

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Suspend);
        ArgumentOutOfRangeException.ThrowIfNegative(Every, nameof(Every));
    }
}
