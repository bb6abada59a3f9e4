using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>What holds of files that the library itself wrote: the errors that hostile bytes are met with are none of them.</summary>
internal static class FileChecks
{
    /// <summary>Runs something that must not find any damage.</summary>
    public static T Promised<T>(string promise, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (PageStoreException broken)
        {
            throw new BrokenPromiseException(promise, broken);
        }
    }

    /// <summary>Checks a whole file deep.</summary>
    public static void Verify(CheckpointReader reader, string promise)
    {
        VerifyReport report = Promised(promise, () => reader.VerifyDeep());
        if (report.Damage.Count > 0)
        {
            throw new BrokenPromiseException(promise, report.Damage[0]);
        }

        BrokenPromiseException.Unless(report.Warnings.Count == 0, promise);
    }
}
