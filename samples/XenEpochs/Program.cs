using PageStore.Checkpoint;
using PageStore.Native;

// XenEpochs DOMID FILE COUNT: epochs of a running PVH or HVM domain, one a second. In dom0, as root.
using XenDomain domain = XenDomain.Open(uint.Parse(args[0]));
using var memory = new XenGuestMemory(domain);
using var log = new XenDirtyLog(domain);
using var pause = new XenPause(domain);
using CheckpointWriter writer = CheckpointWriter.Create(args[1]);
using var capture = new GuestCapture(writer, memory, log, pause, new CaptureOptions { GuestId = domain.Uuid });
capture.Run(TimeSpan.FromSeconds(1), int.Parse(args[2]), report => Console.WriteLine(
    $"epoch {report.Epoch.Id}: {report.Epoch.PagesWritten} pages written, paused {report.Pause.TotalMilliseconds:F1} ms"), CancellationToken.None);
