using PageStore;
using PageStore.Native;

namespace XenProbe;

/// <summary>
/// The dirty log is exact: of the guest's working set it reports the pages that the guest was ordered to write, each of them, and no other. What the
/// guest's kernel writes outside the set is not known, and only counted.
/// </summary>
internal static class LogRounds
{
    /// <summary>Pages that are written from one harvest to the next. Half the working set of the rig's guest is the most that it writes.</summary>
    private static readonly int[] Rounds = [0, 16, 256, 4096, 0, 4096, 256, 16, 0];

    public static string Run(XenDomain domain, ProbeLibrary library, Pfn mailboxPage)
    {
        using var memory = new XenGuestMemory(domain);
        using var log = new XenDirtyLog(domain);
        using var pause = new XenPause(domain);
        using var written = new PageBitmap(domain.PageCount);
        var mailbox = new Mailbox(library, mailboxPage);
        Pfn[] set = mailbox.ReadWorkingSet(memory);
        if (set.Length < 2 * Rounds.Max())
        {
            throw new ProbeException($"A working set of {set.Length} pages is too small.");
        }

        mailbox.Write(0);
        log.Start();
        long exact = 0;
        long others = 0;
        foreach (int pages in Rounds)
        {
            HashSet<Pfn> expected = Order(mailbox, set, pages);
            Check(log.Peek, "peek", written, set, expected);
            pause.Pause();
            Check(log.Harvest, "harvest", written, set, expected);
            others += written.Count() - expected.Count;
            Check(log.Peek, "peek behind the harvest", written, set, []);
            pause.Resume();
            exact += expected.Count;
        }

        mailbox.GoOn();
        return $"{exact} of {Rounds.Sum()} pages in {Rounds.Length} rounds, none of the set besides; {others} pages of the kernel";
    }

    /// <summary>Has the guest write, and returns what it wrote: it takes the first half of its set in turn.</summary>
    private static HashSet<Pfn> Order(Mailbox mailbox, Pfn[] set, int pages)
    {
        long before = mailbox.Writes;
        mailbox.Write(pages);
        if (mailbox.Writes != before + pages)
        {
            throw new ProbeException($"The guest wrote {mailbox.Writes - before} pages instead of {pages}.");
        }

        return [.. Enumerable.Range(0, pages).Select(page => set[(before + page) % (set.Length / 2)])];
    }

    private static void Check(Action<PageBitmap> read, string what, PageBitmap written, Pfn[] set, HashSet<Pfn> expected)
    {
        written.ClearAll();
        read(written);
        int found = set.Count(written.Contains);
        int missed = expected.Count(page => !written.Contains(page));
        if (missed != 0 || found != expected.Count)
        {
            throw new ProbeException($"The {what} reports {found} pages of the set and misses {missed} of the {expected.Count} that were written.");
        }
    }
}
