using System.Diagnostics;
using PageStore;

namespace XenProbe;

/// <summary>The mailbox page of guest.c, <c>struct mailbox</c> there, mapped for writing. Not thread-safe.</summary>
internal sealed unsafe class Mailbox
{
    private const int PageWords = 4096 / sizeof(ulong);

    // Where the words stand behind the magic, which has 16 bytes.
    private const int PageCountWord = 5;
    private const int WritesWord = 6;
    private const int ListWord = 7;
    private const int MaxListPages = 16;
    private const int OrderPagesWord = ListWord + MaxListPages;
    private const int OrderWord = OrderPagesWord + 1;
    private const int OrderDoneWord = OrderPagesWord + 2;
    private const int OrderReadsWord = OrderPagesWord + 3;
    private const int ReadsWord = OrderPagesWord + 4;

    /// <summary>GO_ON of guest.c.</summary>
    private const ulong GoOnPages = ulong.MaxValue;

    /// <summary>As long as everything else in the rig is waited for: dom0/checks.sh.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    private readonly ulong* _words;

    public Mailbox(ProbeLibrary library, Pfn page)
    {
        _words = library.MapPage(page);
        if (!new ReadOnlySpan<byte>(_words, 16).SequenceEqual("PAGESTORE-GUEST\0"u8))
        {
            throw new ProbeException($"Page {page} is no mailbox.");
        }
    }

    /// <summary>Pages of the working set; the guest writes to the first half of them, in turn.</summary>
    public int PageCount => (int)Read(PageCountWord);

    /// <summary>Pages written so far.</summary>
    public long Writes => (long)Read(WritesWord);

    /// <summary>Pages read so far by orders: of the second half of them, in turn.</summary>
    public long Reads => (long)Read(ReadsWord);

    /// <summary>The page numbers of the working set, as the guest lists them.</summary>
    public Pfn[] ReadWorkingSet(IGuestMemory memory)
    {
        var set = new Pfn[PageCount];
        byte[] list = new byte[memory.PageSize];
        for (int page = 0; page < set.Length; page++)
        {
            if (page % PageWords == 0)
            {
                memory.CopyPages(new Pfn((long)Read(ListWord + (page / PageWords))), list, new GuestPageType[1]);
            }

            set[page] = new Pfn(BitConverter.ToInt64(list, page % PageWords * sizeof(ulong)));
        }

        return set;
    }

    /// <summary>Has the guest write pages once and then stand still, and returns when it does.</summary>
    /// <param name="pages">How many to write.</param>
    /// <param name="reads">How many to read behind that.</param>
    public void Write(int pages, int reads = 0) => Order((ulong)pages, (ulong)reads);

    /// <summary>Has the guest go on by itself.</summary>
    public void GoOn() => Order(GoOnPages, 0);

    private void Order(ulong pages, ulong reads)
    {
        ulong order = Read(OrderWord) + 1;
        long start = Stopwatch.GetTimestamp();
        Volatile.Write(ref _words[OrderPagesWord], pages);
        Volatile.Write(ref _words[OrderReadsWord], reads);
        Volatile.Write(ref _words[OrderWord], order);
        while (Read(OrderDoneWord) != order)
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
            {
                throw new ProbeException($"The guest did not carry out order {order}.");
            }

            Thread.Sleep(1);
        }
    }

    private ulong Read(int word) => Volatile.Read(ref _words[word]);
}
