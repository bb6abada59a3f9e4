using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// Each operation of a scenario fails once: the writer stops for good, and the file has exactly the epochs that were committed, or
/// the one under way as a whole; a new writer goes on. Likewise for each loss of power.
/// </summary>
public sealed class FaultTests
{
    private static readonly History Scenario = new()
    {
        Epochs =
        [
            new EpochPlan { PageCount = 70, Steps = [new PageStep(0, 6, Filling.Random, GuestPageType.Normal, 1)] },
            new EpochPlan { Sections = [70_000], ReadEvery = 3, Steps = [new PageStep(2, 20, Filling.Random, GuestPageType.Normal, 2)] },
            new EpochPlan { Steps = [new PageStep(9, 1, Filling.Random, GuestPageType.Normal, 3)], Abandon = true },
            new EpochPlan { Parent = 0, Steps = [new PageStep(3, 1, Filling.Compressible, GuestPageType.Normal, 4), new PageStep(40, 30, Filling.Random, GuestPageType.Normal, 5)] },
        ],
    };

    private static readonly EpochPlan OneMore = new() { Steps = [new PageStep(1, 2, Filling.Random, GuestPageType.Normal, 6)] };

    public static TheoryData<int, int, bool, bool> Faults => new()
    {
        { (int)FaultTarget.Write, Fault.Eio, false, false },
        { (int)FaultTarget.Write, Fault.Enospc, true, false },
        { (int)FaultTarget.Write, Fault.Enospc, true, true },
        { (int)FaultTarget.Sync, Fault.Eio, false, false },
        { (int)FaultTarget.Read, Fault.Eio, false, false },
        { (int)(FaultTarget.Read | FaultTarget.Write | FaultTarget.Sync), Fault.Eio, false, true },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void After_each_fault_the_writer_is_poisoned_and_the_file_is_whole(int target, int errno, bool isShort, bool lasting)
    {
        int struck = 0;
        for (int countdown = 1; ; countdown++)
        {
            var file = new MemoryFile();
            HistoryWriter committed = Begin(file);
            var fault = new Fault((FaultTarget)target, countdown, errno, isShort, lasting);
            RunInto(fault, file, committed);
            int epochs = AssertWhole(file, committed, countdown);
            AssertGoesOn(file, committed, epochs);
            if (!fault.Struck)
            {
                break;
            }

            struck++;
        }

        Assert.True(struck >= 4, $"only {struck} faults struck");
    }

    [Fact]
    public void After_each_loss_of_power_the_file_has_the_last_epoch_or_the_one_under_way()
    {
        var random = new Random(3);
        for (int countdown = 1; countdown < 40; countdown++)
        {
            var file = new MemoryFile();
            HistoryWriter committed = Begin(file);
            RunInto(new Fault(FaultTarget.Write | FaultTarget.Sync, countdown, Fault.Eio, Lasting: true), file, committed);
            int writes = file.Unsynced.Count;
            for (int prefix = 0; prefix <= writes; prefix++)
            {
                AssertWhole(file.AfterPowerLoss(i => i < prefix), committed, countdown);
            }

            for (int draw = 0; draw < 8; draw++)
            {
                int kept = random.Next();
                AssertWhole(file.AfterPowerLoss(i => (kept >> (i % 31) & 1) != 0), committed, countdown);
            }
        }
    }

    /// <summary>The file as the first writer leaves it, with the first epoch: faults come behind it.</summary>
    private static HistoryWriter Begin(MemoryFile file)
    {
        var committed = new HistoryWriter(Scenario, () => CheckpointWriter.Create(new MemoryStorage(file), Scenario.WriterOptions), () => throw new NotSupportedException());
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), Scenario.WriterOptions);
        committed.WriteEpoch(writer, Scenario.Epochs[0]);
        return committed;
    }

    private static void RunInto(Fault fault, MemoryFile file, HistoryWriter committed)
    {
        CheckpointWriter? writer = null;
        try
        {
            writer = CheckpointWriter.Open(new MemoryStorage(file, fault), Scenario.WriterOptions);
            foreach (EpochPlan plan in Scenario.Epochs.Skip(1))
            {
                committed.WriteEpoch(writer, plan);
            }
        }
        catch (StorageException failure)
        {
            Assert.True(fault.Struck);
            Assert.True(failure.Errno == fault.Errno || failure.InnerException is StorageException { Errno: var errno } && errno == fault.Errno, failure.ToString());
            AssertPoisoned(writer, fault, committed);
        }
        finally
        {
            writer?.Dispose();
            writer?.Dispose();
        }
    }

    private static void AssertPoisoned(CheckpointWriter? writer, Fault fault, HistoryWriter committed)
    {
        if (writer is null || (fault.Target & FaultTarget.Read) != 0)
        {
            // A read that fails outside a commit changes nothing, so the writer may go on.
            return;
        }

        Assert.Equal(committed.Epochs[^1].Id, writer.Newest?.Value);
        Assert.Throws<StorageException>(() => writer.BeginEpoch());
        Assert.Throws<StorageException>(() => writer.OpenEpoch(new EpochId(1)));
        Assert.Throws<StorageException>(() => writer.BeginEpoch(new EpochOptions { PageCount = 1 }));
    }

    /// <summary>Checks that the file holds the committed epochs and, at most, the next one; returns how many it holds.</summary>
    private static int AssertWhole(MemoryFile file, HistoryWriter committed, int countdown)
    {
        using var reader = CheckpointReader.Open(new MemoryStorage(file));
        int epochs = (int)reader.EpochCount;
        Assert.InRange(epochs, committed.Epochs.Count, committed.Epochs.Count + 1);
        VerifyReport report = reader.Verify();
        Assert.True(report.Ok, $"fault {countdown}: {report.Damage.FirstOrDefault()}");
        if (epochs == committed.Epochs.Count)
        {
            ModelAssert.Matches(reader, committed.Epochs);
        }

        return epochs;
    }

    private static void AssertGoesOn(MemoryFile file, HistoryWriter committed, int epochs)
    {
        if (epochs != committed.Epochs.Count)
        {
            return;
        }

        using (CheckpointWriter writer = CheckpointWriter.Open(new MemoryStorage(file), Scenario.WriterOptions))
        {
            committed.WriteEpoch(writer, OneMore);
        }

        AssertWhole(file, committed, 0);
    }
}
