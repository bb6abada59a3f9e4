using PageStore;
using PageStore.Checkpoint;
using PageStore.Native;

// A guest: 64 MiB of memory in this process. Its dirty log is the Linux kernel's.
using var guest = MemoryRegion.CreateShared(64 << 20);
using var log = new LinuxAccessLog(guest);
guest.GetPage(new Pfn(7)).Fill(1);

string path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "guest.pages");
using (var writer = CheckpointWriter.Create(path))
using (var capture = new GuestCapture(writer, guest, log, new NothingToPause()))
{
    capture.Capture("before");                           // the whole image
    guest.GetPage(new Pfn(7)).Fill(2);
    EpochReport report = capture.Capture("after");       // one page
    Console.WriteLine($"{report.Epoch.PagesWritten} page written, paused {report.Pause.TotalMilliseconds:F2} ms");
}

using var reader = CheckpointReader.Open(path);
byte[] page = new byte[reader.PageSize];
reader.OpenEpoch(new EpochId(1)).ReadPage(new Pfn(7), page);
Console.WriteLine($"page 7 of epoch 1 begins with {page[0]}, the newest epoch is {reader.Newest}");

// A guest that stands still anyway; a real one is stopped and continued here.
internal sealed class NothingToPause : IGuestPause
{
    public void Pause()
    {
    }

    public void Resume()
    {
    }
}
