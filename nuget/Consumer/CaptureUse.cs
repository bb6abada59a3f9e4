using PageStore;
using PageStore.Checkpoint;
using PageStore.Native;

namespace Consumer;

/// <summary>Live memory under the kernel's dirty log, captured into a file: the three packages together, and the native library.</summary>
internal static class CaptureUse
{
    private const int Pages = 1024;

    public static void Run(Checks checks)
    {
        var capabilities = LinuxTrackingCapabilities.Probe();
        checks.That($"the kernel tracks written pages{(capabilities.CanTrack ? "" : ": " + capabilities.Missing)}", capabilities.CanTrack);
        if (!capabilities.CanTrack)
        {
            return;
        }

        var path = Path.Combine(Path.GetTempPath(), $"consumer-{Guid.NewGuid():N}.pages");
        try
        {
            Capture(checks, path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Capture(Checks checks, string path)
    {
        using var memory = MemoryRegion.CreateShared((long)Pages * PageSizes.Default);
        using var log = new LinuxAccessLog(memory);
        using var writer = CheckpointWriter.Create(path);
        using var capture = new GuestCapture(writer, memory, log, new NothingToPause());

        memory.GetPage(new Pfn(5)).Fill(1);
        var full = capture.Capture("first");
        memory.GetPage(new Pfn(7)).Fill(2);
        memory.GetPage(new Pfn(900)).Fill(3);
        var next = capture.Capture("second");

        checks.That("the first epoch is a full image", full.FullImage && full.Epoch.PageCount == Pages);
        checks.That("the second epoch holds the two pages written since", !next.FullImage && next.Epoch.PagesWritten == 2);

        using var reader = CheckpointReader.Open(path);
        var page = new byte[PageSizes.Default];
        reader.OpenNewest().ReadPage(new Pfn(900), page);
        checks.That("the newest epoch has what was written", page.AsSpan().IndexOfAnyExcept((byte)3) < 0);
        reader.OpenEpoch(full.Epoch.Id).ReadPage(new Pfn(900), page);
        checks.That("the first epoch still has what was there before", page.AsSpan().IndexOfAnyExcept((byte)0) < 0);
    }

    /// <summary>The only thread that writes to the memory is the one that captures it.</summary>
    private sealed class NothingToPause : IGuestPause
    {
        public void Pause()
        {
        }

        public void Resume()
        {
        }
    }
}
