using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>Reads all of an epoch into memory, by all processors: the way that lazy ones are measured against.</summary>
internal static class EagerLoad
{
    /// <summary>Of pages of 4 KiB a huge page of x86-64: two threads that both came first to one would both clear it. And it is more than a disk needs to read in one go.</summary>
    private const int PiecePages = 512;

    /// <summary>Reads the pages that hold data; the others are zero in new memory.</summary>
    /// <returns>How many there are.</returns>
    /// <exception cref="PageStoreException">A page is damaged, or the file cannot be read.</exception>
    public static long Into(Epoch epoch, MemoryRegion memory, CancellationToken cancellation)
    {
        long pages = 0;
        try
        {
            Parallel.ForEach(Pieces(epoch), new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount }, piece =>
            {
                epoch.ReadPages(piece.First, memory.GetSpan(piece.First.Value * epoch.PageSize, (int)piece.Count * epoch.PageSize));
                Interlocked.Add(ref pages, piece.Count);
            });
        }
        catch (AggregateException failures) when (failures.InnerException is PageStoreException first)
        {
            // The others are of other pieces of the same file; one says enough.
            throw first;
        }

        return pages;
    }

    private static IEnumerable<PfnRun> Pieces(Epoch epoch)
    {
        foreach (PfnRun run in epoch.DataRuns())
        {
            for (PfnRun rest = run; rest.Count > 0;)
            {
                long count = Math.Min(rest.Count, PiecePages - (rest.First.Value % PiecePages));
                yield return new PfnRun(rest.First, count);
                rest = new PfnRun(rest.First + count, rest.Count - count);
            }
        }
    }
}
