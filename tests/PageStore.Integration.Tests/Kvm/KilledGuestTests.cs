using System.Diagnostics;
using System.Globalization;
using PageStore.Checkpoint;
using PageStore.Cli;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>
/// A process that runs a guest and takes epochs of it is killed at any moment, again and again: while its memory comes, and while it is captured. Each time the guest comes back from the
/// newest epoch, in this process, whole; and after all of it, it has done what a guest does that nobody ever stopped.
/// </summary>
public sealed class KilledGuestTests : IDisposable
{
    /// <summary>How often each child is killed; a few times where the variable is not set.</summary>
    private const string KillsVariable = "PAGESTORE_KVM_KILLS";

    /// <summary>As long as some epochs take, or as the way back of a guest on a busy host: random moments within it hit all that a child does.</summary>
    private const int LongestLifeMs = 150;

    /// <summary>The lines before the first epoch's that a kill may wait for: that the child begins, and that the guest runs. This says that it waits for an epoch's.</summary>
    private const int FromEpoch = 2;

    /// <summary>In the place of a line: a part of the pages was brought. They come sooner than a line that says that they begin to.</summary>
    private const int FromServer = 3;

    private static readonly string[] Plans = [ReturnedGuest.Packed, ReturnedGuest.Foreseen, ReturnedGuest.Unplanned];

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");
    private readonly Random _random = new(Kills);
    private readonly int[] _killedAt = new int[FromEpoch + 2];

    private static int Kills => int.TryParse(Environment.GetEnvironmentVariable(KillsVariable), CultureInfo.InvariantCulture, out int kills) ? kills : 4;

    private string Socket => _path + ".sock";

    public void Dispose()
    {
        File.Delete(_path);
        File.Delete(Socket);
    }

    [Theory]
    [InlineData(KilledGuest.AccessLog)]
    [InlineData(KilledGuest.KvmLog)]
    public async Task A_killed_guest_goes_on_from_its_newest_epoch(string log)
    {
        WorkingGuest.SkipWithoutKvm();
        await KillAgainAndAgainAsync(log, ReturnedGuest.Fully);
    }

    [Theory]
    [InlineData(KilledGuest.AccessLog, ReturnedGuest.Lazily)]
    [InlineData(KilledGuest.KvmLog, ReturnedGuest.Lazily)]
    [InlineData(KilledGuest.AccessLog, ReturnedGuest.Served)]
    [InlineData(KilledGuest.KvmLog, ReturnedGuest.Served)]
    public async Task A_killed_guest_goes_on_while_its_memory_comes(string log, string way)
    {
        WorkingGuest.SkipWithoutKernelFaults();
        await KillAgainAndAgainAsync(log, way);
    }

    private async Task KillAgainAndAgainAsync(string log, string way)
    {
        long start = Stopwatch.GetTimestamp();
        GuestWorkloadState last = new(false, 0, 0, 0);
        long atEpoch = 0;
        long said = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            said = await RunAndKillAsync(log, way, said, TestContext.Current.CancellationToken);
            (last, long now) = ResumeAndCheck(said, way);
            Assert.True(now >= atEpoch, "the guest went back");
            atEpoch = now;
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{log}, {way}: {Kills} kills in {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s: {_killedAt[0]} before the guest ran, {_killedAt[1]} with pages missing, {_killedAt[2]} before the first epoch, {_killedAt[3]} behind it; {said} epochs"));
        Assert.True(last.Operations > 0);
        using WorkingGuest undisturbed = WorkingGuest.Start(KilledGuest.Workload with { EndOperations = last.Operations });
        undisturbed.Machine.Run();
        undisturbed.AssertEnded();
        Assert.Equal(last, undisturbed.State);
    }

    /// <summary>Kills the child at a random moment after it begins, its guest runs, or its first epoch is there, so that the guest gets on however slow the host is; or when a part of its pages was brought.</summary>
    /// <returns>The last epoch that it said was committed, or that was before.</returns>
    private async Task<long> RunAndKillAsync(string log, string way, long before, CancellationToken cancel)
    {
        using ServedEpoch? server = way == ReturnedGuest.Served && before > 0 ? new ServedEpoch(_path, Socket) : null;
        using Process child = StartChild(log, way);
        try
        {
            int from = before == 0 ? FromEpoch : _random.Next(server is null ? FromEpoch + 1 : FromServer + 1);
            List<string> lines = [];
            do
            {
                lines.Add(await child.StandardOutput.ReadLineAsync(cancel)
                    ?? throw new InvalidOperationException($"The child ended: {await child.StandardError.ReadToEndAsync(cancel)}"));
            }
            while (from == FromEpoch ? !IsNumber(lines[^1]) : from != FromServer && lines.Count <= from);
            if (from == FromServer)
            {
                server!.WaitForPages(_random.Next(server.PageCount));
            }
            else
            {
                // As many below a tenth of it as above: what is missing comes soon.
                await Task.Delay(TimeSpan.FromMilliseconds(LongestLifeMs * (Math.Pow(100, _random.NextDouble() - 1) - 0.01)), cancel);
            }

            Assert.False(child.HasExited, "the child ended by itself");
            child.Kill();
            string rest = await child.StandardOutput.ReadToEndAsync(cancel);
            await child.WaitForExitAsync(cancel);

            // A line that the kill cut off is no number that was said.
            lines.AddRange(rest.Split('\n')[..^1]);
            _killedAt[lines[^1] switch
            {
                KilledGuest.Begins => 0,
                KilledGuest.Runs => 1,
                KilledGuest.Whole => 2,
                _ => FromEpoch + 1,
            }]++;
            return IsNumber(lines[^1]) ? long.Parse(lines[^1], CultureInfo.InvariantCulture) : before;
        }
        finally
        {
            child.Kill();
        }
    }

    private static bool IsNumber(string line) => char.IsAsciiDigit(line[0]);

    /// <summary>Brings the newest epoch back, and has the guest check everything and end.</summary>
    /// <returns>Where it ended, and how far it was at the epoch.</returns>
    private (GuestWorkloadState End, long AtEpoch) ResumeAndCheck(long said, string way)
    {
        using CheckpointReader reader = CheckpointReader.Open(_path);
        EpochInfo newest = reader.Epochs().Last(epoch => epoch.Consistency == EpochConsistency.Restorable);
        Assert.True(newest.Id.Value >= said, $"epoch {said} was committed, and the newest is {newest.Id}");
        using Epoch epoch = reader.OpenEpoch(newest.Id);
        using ReturnedGuest returned = ReturnedGuest.Bring(_path, epoch, way == ReturnedGuest.Fully ? way : ReturnedGuest.Lazily, Plans[_random.Next(Plans.Length)]);
        returned.Guest.Machine.Run();
        returned.Guest.CheckAndEnd();
        returned.WaitUntilWhole();
        GuestWorkloadState end = returned.Guest.State;
        long atEpoch = GuestWorkload.StateOf(epoch).Operations;
        Assert.True(end.Operations >= atEpoch, "the guest went back");
        return (end, atEpoch);
    }

    private Process StartChild(string log, string way)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(KilledGuestTests).Assembly.Location);
        }

        foreach (string argument in (string[])[KilledGuest.Role, _path, log, way, Socket])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }
}
