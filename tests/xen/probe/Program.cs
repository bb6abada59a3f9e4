using PageStore;
using PageStore.Native;

namespace XenProbe;

/// <summary>
/// Runs in dom0 of the Xen rig, beside a guest of guest.c. The last line tells figures, or what is wrong; the exit code says which.
/// XenProbe log DOMID MAILBOX | reads DOMID MAILBOX | times DOMID | end DOMID | epochs DOMID FILE COUNT [MAILBOX] | epochs-and-bits DOMID FILE COUNT
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        try
        {
            using XenDomain domain = XenDomain.Open(uint.Parse(args[1]));
            var library = new ProbeLibrary(domain.Id, domain.PageCount);
            Console.WriteLine(args[0] switch
            {
                "log" => LogRounds.Run(domain, library, Number(args[2])),
                "reads" => ReadRounds.Run(domain, library, Number(args[2])),
                "times" => LogTimes.Run(domain, library),
                "end" => LogEnd.Run(domain),
                "epochs" => EpochsAndCopies.Run(domain, library, args[2], int.Parse(args[3]), args.Length > 4 ? Number(args[4]) : null),
                "epochs-and-bits" => EpochsAndCopies.Run(domain, library, args[2], int.Parse(args[3]), null, clearsBits: true),
                _ => throw new ProbeException($"{args[0]} is no probe."),
            });
            return 0;
        }
        catch (ProbeException e)
        {
            Console.WriteLine(e.Message);
            return 1;
        }
    }

    private static Pfn Number(string text) => new(long.Parse(text));
}
