using System.Diagnostics;
using System.Globalization;
using PageStore.Checkpoint;
using PageStore.Cli;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>
/// A process that runs a guest and takes epochs of it is killed at any moment, again and again. Each time the guest comes back from the newest
/// epoch, in this process, whole; and after all of it, it has done what a guest does that nobody ever stopped.
/// </summary>
public sealed class KilledGuestTests : IDisposable
{
    /// <summary>How often each child is killed; a few times where the variable is not set.</summary>
    private const string KillsVariable = "PAGESTORE_KVM_KILLS";

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    private static int Kills => int.TryParse(Environment.GetEnvironmentVariable(KillsVariable), CultureInfo.InvariantCulture, out int kills) ? kills : 4;

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(KilledGuest.AccessLog)]
    [InlineData(KilledGuest.KvmLog)]
    public async Task A_killed_guest_goes_on_from_its_newest_epoch(string kind)
    {
        WorkingGuest.SkipWithoutKvm();
        var random = new Random(11);
        GuestWorkloadState last = new(false, 0, 0, 0);
        for (int kill = 0; kill < Kills; kill++)
        {
            long said = await RunAndKillAsync(kind, random, TestContext.Current.CancellationToken);
            GuestWorkloadState now = ResumeAndCheck(said);
            Assert.True(now.Operations >= last.Operations, "the guest went back");
            last = now;
        }

        Assert.True(last.Operations > 0);
        using WorkingGuest undisturbed = WorkingGuest.Start(WorkingGuest.Workload with { EndOperations = last.Operations });
        undisturbed.Machine.Run();
        undisturbed.AssertEnded();
        Assert.Equal(last, undisturbed.State);
    }

    /// <summary>Kills the child at a random moment after its first epoch.</summary>
    /// <returns>The last epoch that it said was committed.</returns>
    private async Task<long> RunAndKillAsync(string kind, Random random, CancellationToken cancel)
    {
        using Process child = StartChild(kind);
        try
        {
            string first = await child.StandardOutput.ReadLineAsync(cancel)
                ?? throw new InvalidOperationException($"The child took no epoch: {await child.StandardError.ReadToEndAsync(cancel)}");
            await Task.Delay(random.Next(150), cancel);
            Assert.False(child.HasExited, "the child ended by itself");
            child.Kill();
            string rest = await child.StandardOutput.ReadToEndAsync(cancel);
            await child.WaitForExitAsync(cancel);

            // A line that the kill cut off is no number that was said.
            string[] lines = [first, .. rest.Split('\n')[..^1]];
            return long.Parse(lines[^1], CultureInfo.InvariantCulture);
        }
        finally
        {
            child.Kill();
        }
    }

    /// <summary>Brings the newest epoch back, and has the guest check everything and end.</summary>
    /// <returns>Where it ended.</returns>
    private GuestWorkloadState ResumeAndCheck(long said)
    {
        using CheckpointReader reader = CheckpointReader.Open(_path);
        EpochInfo newest = reader.Epochs().Last(epoch => epoch.Consistency == EpochConsistency.Restorable);
        Assert.True(newest.Id.Value >= said, $"epoch {said} was committed, and the newest is {newest.Id}");
        using WorkingGuest guest = WorkingGuest.Restore(reader.OpenEpoch(newest.Id));
        guest.Machine.Run();
        guest.CheckAndEnd();
        return guest.State;
    }

    private Process StartChild(string kind)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(KilledGuestTests).Assembly.Location);
        }

        start.ArgumentList.Add("--kvm-guest");
        start.ArgumentList.Add(_path);
        start.ArgumentList.Add(kind);
        return Process.Start(start)!;
    }
}
