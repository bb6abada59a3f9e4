using System.Diagnostics;

namespace PageStore.Integration.Tests;

/// <summary>The child of a test: a monitor that offers its guest's memory, runs the guest, and is killed.</summary>
internal static class OfferingMonitor
{
    /// <summary>What it says once the guest runs.</summary>
    internal const string Runs = "runs";

    internal const string Role = "--offer";

    internal static int Run(string file, string socket)
    {
        using var offered = new OfferedGuest(file, socket);
        offered.Offer.Ready.Wait();
        offered.Guest.Machine.Run();
        Console.WriteLine(Runs);
        Thread.Sleep(Timeout.Infinite);
        return 0;
    }

    internal static Process Start(string file, string socket)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(OfferingMonitor).Assembly.Location);
        }

        start.ArgumentList.Add(Role);
        start.ArgumentList.Add(file);
        start.ArgumentList.Add(socket);
        return Process.Start(start)!;
    }
}
