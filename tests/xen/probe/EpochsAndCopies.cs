using PageStore;
using PageStore.Checkpoint;
using PageStore.Native;

namespace XenProbe;

/// <summary>
/// Takes epochs, of which each has to equal a copy of the whole guest that was made by other means in its pause: each page, and each hole. Xen itself writes to a guest's
/// memory, unlogged, when an event comes for it (xen/common/event_fifo.c), and the guest does when it answers: an event that nobody had answered when the pause
/// came leaves pages that differ, which have to be in the next epoch's written set.
/// </summary>
internal static class EpochsAndCopies
{
    /// <summary>From one epoch to the next: the guest writes, checks itself and uses its disk in between.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private const int BatchPages = 256;

    /// <summary>Every so many epochs one is taken across a suspend, so that 20 have five of them, and each kind follows the other.</summary>
    private const int RestorableEvery = 4;

    /// <summary>So many of the pages that differ are named.</summary>
    private const int ShownPages = 20;

    /// <summary>The words of events lie in few pages: those of the channels, and those of the processor.</summary>
    private const int MaxEventPages = 4;

    /// <summary>Captures into a file, a new one or one with epochs, and compares each epoch.</summary>
    /// <param name="domain">The guest.</param>
    /// <param name="library">Xen's libraries.</param>
    /// <param name="file">The checkpoint file.</param>
    /// <param name="count">How many epochs; behind the last one another is taken, for what was unanswered in it.</param>
    /// <param name="forgotten">A page that the log is made to keep silent about, to see that it is found; or null.</param>
    /// <param name="clearsBits">Whether R is had from the guest's page tables, in which bits are cleared for it.</param>
    public static string Run(XenDomain domain, ProbeLibrary library, string file, int count, Pfn? forgotten, bool clearsBits = false)
    {
        using var memory = new XenGuestMemory(domain);
        using var log = new XenDirtyLog(domain);
        using var bits = new XenAccessBits(domain);
        IDirtyLog watched = forgotten is { } page ? new ForgetfulLog(log, page) : log;
        using PageTableAccessLog? accesses = clearsBits ? new PageTableAccessLog(watched, memory, bits) : null;
        using var stop = new XenPause(domain);
        using var suspend = new XenSuspend(domain, XenStateSections.Of);
        var sums = new PauseSums(library, domain.PageCount);
        using CheckpointWriter writer = CheckpointWriter.OpenOrCreate(file, null, out _);
        using var capture = new GuestCapture(
            writer, memory, accesses ?? watched, new CopyingPause(stop, sums), new CaptureOptions { GuestId = domain.Uuid });
        long pages = 0;
        long written = 0;
        long changed = 0;
        long events = 0;
        int restorable = 0;
        List<Pfn> unanswered = [];
        long first = (writer.Newest?.Value ?? 0) + 1;
        capture.Run(Interval, count + 1, report =>
        {
            CheckAnswered(file, report.Epoch.Id, unanswered);
            events += unanswered.Count;
            unanswered.Clear();
            if (report.Epoch.Id.Value - first < count)
            {
                pages += Compare(file, report.Epoch.Id, sums, unanswered, ref changed);
                written += report.Epoch.PagesWritten;
                restorable += report.Epoch.Consistency == EpochConsistency.Restorable ? 1 : 0;
            }
        }, CancellationToken.None, new RestorableEpochs(new CopyingSuspend(suspend, sums)) { Every = RestorableEvery });
        return $"{count} epochs, {restorable} of them restorable, {written} pages written, {pages} compared, 0 differ but {changed} that backends wrote to in the pauses and {events} of unanswered events";
    }

    /// <summary>What differed in the epoch before is what the guest wrote to when it answered, and only then.</summary>
    private static void CheckAnswered(string file, EpochId id, List<Pfn> unanswered)
    {
        using CheckpointReader reader = CheckpointReader.Open(file);
        using Epoch epoch = reader.OpenEpoch(id);
        using PageBitmap written = epoch.ReadWrittenSet();
        List<Pfn> missed = unanswered.FindAll(page => !written.Contains(page));
        if (missed.Count > 0)
        {
            throw new ProbeException($"Pages of the epoch before {id} differ: {string.Join(' ', missed)}");
        }
    }

    /// <summary>Reads an epoch back and compares it. Returns how many pages it has, counts those that differ rightly, and collects the few that may be events.</summary>
    private static long Compare(string file, EpochId id, PauseSums copy, List<Pfn> unanswered, ref long changed)
    {
        ulong[] sums = copy.Pages;
        using CheckpointReader reader = CheckpointReader.Open(file);
        using Epoch epoch = reader.OpenEpoch(id);
        byte[] pages = new byte[BatchPages * epoch.PageSize];
        var types = new GuestPageType[BatchPages];
        List<Pfn> differing = [];
        long present = 0;
        foreach (PfnRun run in epoch.PresentRuns())
        {
            present += run.Count;
            for (Pfn first = run.First; first < run.End; first += BatchPages)
            {
                int count = (int)Math.Min(BatchPages, run.End - first);
                epoch.CopyPages(first, pages.AsSpan(0, count * epoch.PageSize), types.AsSpan(0, count));
                for (int page = 0; page < count; page++)
                {
                    if (PageSum.Of(types[page], pages.AsSpan(page * epoch.PageSize, epoch.PageSize)) != sums[(first + page).Value])
                    {
                        differing.Add(first + page);
                    }
                }
            }
        }

        changed += differing.RemoveAll(copy.ChangedMeanwhile);
        // What the epoch has and the copy has not differs already, so equal numbers are equal holes.
        long copied = sums.Length - sums.AsSpan().Count(PageSum.Hole);
        unanswered.AddRange(differing);
        return differing.Count <= MaxEventPages && present == copied
            ? present
            : throw new ProbeException($"Epoch {id} has {present} pages, the guest had {copied}; {differing.Count} differ: {string.Join(' ', differing.Take(ShownPages))}");
    }
}
