namespace PageStore.Fuzz;

/// <summary>The library did not throw, and did not keep its word either.</summary>
internal sealed class BrokenPromiseException(string promise, Exception? cause = null) : Exception(promise, cause)
{
    /// <summary>Throws unless a promise is kept.</summary>
    public static void Unless(bool kept, string promise)
    {
        if (!kept)
        {
            throw new BrokenPromiseException(promise);
        }
    }
}
