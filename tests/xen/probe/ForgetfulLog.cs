using PageStore;

namespace XenProbe;

/// <summary>A dirty log that keeps silent about one page, to see that the comparison notices.</summary>
internal sealed class ForgetfulLog(IDirtyLog log, Pfn page) : IDirtyLog
{
    public long PageCount => log.PageCount;

    public void Start() => log.Start();

    public void Stop() => log.Stop();

    public void Dispose() => log.Dispose();

    public void Peek(PageBitmap written)
    {
        log.Peek(written);
        written.Clear(page);
    }

    public void Harvest(PageBitmap written)
    {
        log.Harvest(written);
        written.Clear(page);
    }
}
