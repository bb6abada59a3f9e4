using System.Diagnostics;
using PageStore;
using PageStore.Native;

namespace XenProbe;

/// <summary>
/// A log of a guest that is destroyed says so, though Xen reports success and leaves the bitmap as it was; and until it has said so the guest keeps its number, as the log has its grant
/// table mapped, so that no other guest's log can answer in its place.
/// </summary>
internal static class LogEnd
{
    public static string Run(XenDomain domain)
    {
        using var log = new XenDirtyLog(domain);
        using var written = new PageBitmap(domain.PageCount);
        log.Start();
        log.Harvest(written);
        using (var destroying = Process.Start("xl", ["destroy", $"{domain.Id}"]))
        {
            destroying.WaitForExit();
        }

        if (!XenDomain.List().Any(kept => kept.Id == domain.Id && kept.Uuid == domain.Uuid && kept.IsDying))
        {
            throw new ProbeException("The guest is not kept as a dying one.");
        }

        return $"peek: {Refusal(() => log.Peek(written))} harvest: {Refusal(() => log.Harvest(written))}";
    }

    private static string Refusal(Action read)
    {
        try
        {
            read();
        }
        catch (StorageException told)
        {
            return told.Message;
        }

        throw new ProbeException("The log of a guest that is gone was read.");
    }
}
