using System.Diagnostics;
using System.Text.Json;
using PageStore.Checkpoint;
using PageStore.Native;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>Machines whose memory <c>pagestore serve</c> brings from a process of its own, and what happens when one side is killed.</summary>
public sealed class ServedGuestTests : IDisposable
{
    private readonly string _socket = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".sock");

    public void Dispose() => File.Delete(_socket);

    [Fact]
    public async Task A_guest_comes_to_the_same_end()
    {
        WorkingGuest.SkipWithoutKernelFaults();
        using var captured = new CapturedGuest(epochs: 3);
        using var server = new ServeProcess(captured.FilePath, _socket, "--once");
        using var offered = new OfferedGuest(captured.FilePath, _socket);
        await offered.Offer.Ready.WaitAsync(OfferedGuest.Patience, TestContext.Current.CancellationToken);
        offered.Guest.Machine.Run();
        await offered.Offer.Complete.WaitAsync(OfferedGuest.Patience, TestContext.Current.CancellationToken);

        JsonElement report = server.ReadReport();

        Assert.Equal("complete", report.GetProperty("outcome").GetString());
        Assert.Equal(Environment.ProcessId, report.GetProperty("process").GetInt32());
        Assert.True(report.GetProperty("preloadedPages").GetInt64() > 0, report.ToString());
        Assert.Equal(0, server.WaitForEnd());
        offered.Guest.AssertEnded();
        Assert.Equal(captured.End, offered.Guest.State);
    }

    [Fact]
    public async Task The_server_tells_how_far_a_guest_is()
    {
        WorkingGuest.SkipWithoutKernelFaults();
        using var captured = new CapturedGuest(epochs: 2);
        using var server = new ServeProcess(captured.FilePath, _socket, "--once", "--policy", "none", "--no-background", "--progress", "0.01");
        using (var offered = new OfferedGuest(captured.FilePath, _socket))
        {
            await offered.Offer.Ready.WaitAsync(OfferedGuest.Patience, TestContext.Current.CancellationToken);
            offered.Guest.Machine.Run();
            offered.Guest.AssertEnded();
        }

        List<JsonElement> lines = [server.ReadReport()];
        while (!lines[^1].TryGetProperty("outcome", out _))
        {
            lines.Add(server.ReadReport());
        }

        long[] demanded = [.. lines.SkipLast(1).Select(line => line.GetProperty("demanded").GetInt64())];
        Assert.NotEmpty(demanded);
        Assert.Equal(demanded.Order(), demanded);
        Assert.InRange(demanded[^1], 1, lines[^1].GetProperty("faults").GetProperty("total").GetInt64());
        Assert.All(lines.SkipLast(1), line => Assert.Equal(Environment.ProcessId, line.GetProperty("process").GetInt32()));
    }

    [Fact]
    public async Task Several_guests_run_from_one_epoch()
    {
        WorkingGuest.SkipWithoutKernelFaults();
        using var captured = new CapturedGuest(epochs: 2);
        using var server = new ServeProcess(captured.FilePath, _socket, "--bubble", "16");
        OfferedGuest[] guests = [.. Enumerable.Range(0, 3).Select(_ => new OfferedGuest(captured.FilePath, _socket))];
        try
        {
            foreach (OfferedGuest offered in guests)
            {
                await offered.Offer.Ready.WaitAsync(OfferedGuest.Patience, TestContext.Current.CancellationToken);
                offered.Guest.Machine.Run();
            }

            foreach (OfferedGuest offered in guests)
            {
                await offered.Offer.Complete.WaitAsync(OfferedGuest.Patience, TestContext.Current.CancellationToken);
                offered.Guest.AssertEnded();
                Assert.Equal(captured.End, offered.Guest.State);
                Assert.Equal("complete", server.ReadReport().GetProperty("outcome").GetString());
            }
        }
        finally
        {
            Array.ForEach(guests, guest => guest.Dispose());
        }
    }

    [Fact]
    public async Task A_handler_that_is_killed_is_noticed_and_nobody_hangs()
    {
        WorkingGuest.SkipWithoutKernelFaults();
        using var captured = new CapturedGuest(epochs: 2);
        using var server = new ServeProcess(captured.FilePath, _socket, "--no-background");
        using var offered = new OfferedGuest(captured.FilePath, _socket);
        await offered.Offer.Ready.WaitAsync(OfferedGuest.Patience, TestContext.Current.CancellationToken);
        offered.Guest.Machine.Run();

        server.Kill();

        await Assert.ThrowsAsync<StorageException>(() => offered.Offer.Complete.WaitAsync(OfferedGuest.Patience, TestContext.Current.CancellationToken));

        // It waits for a page that nobody brings any more, and is stopped all the same.
        if (offered.Guest.Machine.Status.State == KvmState.Running)
        {
            offered.Guest.Machine.Pause();
        }

        Assert.Equal(KvmState.Standing, offered.Guest.Machine.Status.State);
        AssertIntact(captured.FilePath);
    }

    [Fact]
    public async Task A_monitor_that_is_killed_ends_its_service()
    {
        WorkingGuest.SkipWithoutKernelFaults();
        using var captured = new CapturedGuest(epochs: 2);
        using var server = new ServeProcess(captured.FilePath, _socket, "--no-background", "--once");
        using Process monitor = OfferingMonitor.Start(captured.FilePath, _socket);
        Assert.Equal(OfferingMonitor.Runs, await monitor.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));

        monitor.Kill();

        Assert.Equal("guest-ended", server.ReadReport().GetProperty("outcome").GetString());
        Assert.Equal(0, server.WaitForEnd());
        await monitor.WaitForExitAsync(TestContext.Current.CancellationToken);
        AssertIntact(captured.FilePath);
    }

    [Fact]
    public async Task What_one_guest_demanded_is_loaded_ahead_for_the_next()
    {
        WorkingGuest.SkipWithoutKernelFaults();
        using var captured = new CapturedGuest(epochs: 2);
        string record = captured.FilePath + ".record";
        try
        {
            long first = await CountUnplannedAsync(captured, "--policy", "none", "--record", record);
            long second = await CountUnplannedAsync(captured, "--budget", "100", "--learn", record);

            Assert.True(first > 1000, $"the guest demanded {first} pages");
            Assert.Equal(0, second);
        }
        finally
        {
            File.Delete(record);
        }
    }

    /// <summary>Serves a guest to its end without loading anything behind it.</summary>
    private async Task<long> CountUnplannedAsync(CapturedGuest captured, params string[] options)
    {
        using var server = new ServeProcess(captured.FilePath, _socket, ["--no-background", "--once", .. options]);
        using (var offered = new OfferedGuest(captured.FilePath, _socket))
        {
            await offered.Offer.Ready.WaitAsync(OfferedGuest.Patience, TestContext.Current.CancellationToken);
            offered.Guest.Machine.Run();
            Assert.Equal(KvmStopReason.Ended, offered.Guest.Machine.Wait(OfferedGuest.Patience).Reason);
        }

        long unplanned = server.ReadReport().GetProperty("faults").GetProperty("unplanned").GetInt64();
        Assert.Equal(0, server.WaitForEnd());
        return unplanned;
    }

    [Fact]
    public async Task A_damaged_page_stops_the_guest_and_never_lies_to_it()
    {
        WorkingGuest.SkipWithoutKernelFaults();
        using var captured = new CapturedGuest(epochs: 2);
        Pfn damaged = captured.DamageColdPage();
        using var server = new ServeProcess(captured.FilePath, _socket, "--once");
        using var offered = new OfferedGuest(captured.FilePath, _socket);
        await offered.Offer.Ready.WaitAsync(OfferedGuest.Patience, TestContext.Current.CancellationToken);
        offered.Guest.Machine.Run();

        KvmStatus status = offered.Guest.Machine.Wait(OfferedGuest.Patience);

        Assert.Equal(KvmStopReason.BadMemory, status.Reason);
        JsonElement report = server.ReadReport();
        Assert.Contains(damaged.Value, report.GetProperty("damagedPages").EnumerateArray().Select(page => page.GetInt64()));
        Assert.Equal(3, server.WaitForEnd());
    }

    private static void AssertIntact(string path)
    {
        using CheckpointReader reader = CheckpointReader.Open(path);
        Assert.True(reader.VerifyDeep().Ok);
    }
}
