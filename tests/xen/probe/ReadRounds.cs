using PageStore;
using PageStore.Native;

namespace XenProbe;

/// <summary>
/// What the accessed bits of the guest's page tables tell, held against what the guest was ordered to read: of the half of its working set that it never writes. What else it and its kernel read is not known, and
/// only counted.
/// </summary>
internal static class ReadRounds
{
    /// <summary>Pages that are read from one harvest to the next; half the working set is the most that is never written.</summary>
    private static readonly int[] Rounds = [0, 16, 256, 4096, 0, 4096, 256, 16, 0];

    /// <summary>Pages written in each, so that W and R meet in tables.</summary>
    private const int Writes = 64;

    /// <summary>The guest checks all of its pages once a second, and more slowly under emulation.</summary>
    private static readonly TimeSpan OneCheck = TimeSpan.FromSeconds(5);

    /// <summary>Below this recall or precision the bits are of no use; what was seen is told.</summary>
    private const double Least = 0.95;

    public static string Run(XenDomain domain, ProbeLibrary library, Pfn mailboxPage)
    {
        using var memory = new XenGuestMemory(domain);
        using var dirty = new XenDirtyLog(domain);
        using var pause = new XenPause(domain);
        using var bits = new XenAccessBits(domain);
        using var log = new PageTableAccessLog(dirty, memory, bits);
        using var written = new PageBitmap(domain.PageCount);
        using var read = new PageBitmap(domain.PageCount);
        var mailbox = new Mailbox(library, mailboxPage);
        Pfn[] set = mailbox.ReadWorkingSet(memory);
        Pfn[] cold = set[(set.Length / 2)..];
        mailbox.Write(0);
        log.Start();
        Harvest(log, dirty, pause, written, read);
        string first = $"first {Describe(log.LastHarvest)}";
        (long told, long found, long right, long others, long tables) = (0, 0, 0, 0, 0);
        double slowest = 0;
        foreach (int count in Rounds)
        {
            HashSet<Pfn> expected = Order(mailbox, cold, count);
            Harvest(log, dirty, pause, written, read);
            told += expected.Count;
            found += cold.Count(read.Contains);
            right += expected.Count(read.Contains);
            others += read.Count() - cold.Count(read.Contains);
            tables += log.LastHarvest.TablesRead;
            slowest = Math.Max(slowest, log.LastHarvest.Elapsed.TotalMilliseconds);
        }

        string last = Describe(log.LastHarvest);
        mailbox.GoOn();
        Thread.Sleep(OneCheck);
        Harvest(log, dirty, pause, written, read);
        int all = set.Count(page => read.Contains(page) || written.Contains(page));
        double recall = (double)right / told;
        double precision = (double)right / found;
        string result = FormattableString.Invariant(
            $"recall {recall:f3}, precision {precision:f3} ({right} of {told} pages read, {found} told); {others} others in {Rounds.Length} rounds; {all} of {set.Length} in {OneCheck.TotalSeconds} s of its own work; {tables} tables read, slowest {slowest:f1} ms; {first}; last {last}; working {Describe(log.LastHarvest)}");
        return recall >= Least && precision >= Least && all >= Least * set.Length ? result : throw new ProbeException(result);
    }

    private static HashSet<Pfn> Order(Mailbox mailbox, Pfn[] cold, int count)
    {
        long before = mailbox.Reads;
        mailbox.Write(Writes, count);
        if (mailbox.Reads != before + count)
        {
            throw new ProbeException($"The guest read {mailbox.Reads - before} pages instead of {count}.");
        }

        return [.. Enumerable.Range(0, count).Select(page => cold[(before + page) % cold.Length])];
    }

    private static void Harvest(PageTableAccessLog log, XenDirtyLog dirty, XenPause pause, PageBitmap written, PageBitmap read)
    {
        using var behind = new PageBitmap(log.PageCount);
        written.ClearAll();
        read.ClearAll();
        pause.Pause();
        log.HarvestAccesses(written, read);
        dirty.Peek(behind);
        pause.Resume();
        if (behind.Any())
        {
            throw new ProbeException($"Xen took the clearing of bits for {behind.Count()} written pages.");
        }
    }

    private static string Describe(PageTableHarvest harvest) => FormattableString.Invariant(
        $"{harvest.Spaces}+{harvest.OtherSpaces} spaces, {harvest.TablesRead} of {harvest.Tables} tables, {harvest.BitsCleared} bits, {harvest.LargePages} large pages, {harvest.Elapsed.TotalMilliseconds:f1} ms");
}
