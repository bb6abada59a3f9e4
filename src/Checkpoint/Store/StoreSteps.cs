namespace PageStore.Checkpoint;

/// <summary>Told of each step that changes something outside this process, behind it: the seam at which tests let a process end.</summary>
/// <param name="observer">Told what was done; null for nobody.</param>
internal sealed class StoreSteps(Action<string>? observer = null)
{
    public static StoreSteps Unwatched { get; } = new();

    public void Done(string step) => observer?.Invoke(step);
}
