using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Guests that are resumed from one open epoch at the same time, as <c>pagestore serve</c> does, know nothing of each other.</summary>
public sealed class SharedResumeTests
{
    private const int Guests = 4;

    [Property(MaxTest = 60)]
    public void Each_gets_all_of_its_pages_however_the_others_end(int seed, bool encrypted, bool packed)
    {
        ResumeSample sample = ResumeSample.Of(1500, encrypted);
        byte[] file = packed ? WithPack(sample, new Random(seed)) : sample.File;
        using CheckpointReader reader = sample.Open(new BytesStorage(file, file.Length));
        using Epoch epoch = reader.OpenNewest();
        ScriptedMemory[] memories = [.. Enumerable.Range(0, Guests).Select(guest => new ScriptedMemory(sample.Oracle, Script(seed, guest)))];
        Task<ResumeReport>[] running = [.. memories.Select((memory, guest) => Task.Factory.StartNew(
            () => Resume(epoch, memory, readers: 1 + (guest % 2)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Task.WaitAll(running, TestContext.Current.CancellationToken);
        ResumeReport[] reports = [.. running.Select(task => task.Result)];

        for (int guest = 0; guest < Guests; guest++)
        {
            Assert.Equal(memories[guest].Released ? ResumeOutcome.Complete : ResumeOutcome.GuestEnded, reports[guest].Outcome);
            Assert.Equal(epoch.Info.Pack?.Pages ?? 0, reports[guest].PlannedPages);
            Assert.Empty(reports[guest].DamagedPages);
        }

        // The first may end in the middle.
        Assert.All(memories.Skip(1), memory => memory.AssertWhole());
    }

    private static ResumeReport Resume(Epoch epoch, ScriptedMemory memory, int readers)
    {
        using var lazy = new LazyResume(epoch, memory, null, new LazyResumeOptions { Readers = readers });
        return lazy.Run(TestContext.Current.CancellationToken);
    }

    private static GuestScript Script(int seed, int guest) =>
        new() { Seed = seed + guest, Steps = 100, Removes = guest % 2 == 0, EndsBeforeStep = guest == 0 ? (seed & 0x7f) - 28 : -1 };

    private static byte[] WithPack(ResumeSample sample, Random random)
    {
        var file = new MemoryFile(sample.File);
        using CheckpointWriter writer = CheckpointWriter.Open(new MemoryStorage(file), new CheckpointWriterOptions { Key = TestKeys.Of(sample.File) });
        Pfn[] plan = [.. Enumerable.Range(0, (int)sample.Oracle.PageCount).Where(_ => random.Next(5) == 0).Select(page => new Pfn(page))];
        random.Shuffle(plan);
        writer.WritePack(new ResumePlan(writer.Newest!.Value, plan, plan.Length));
        return file.ToArray();
    }
}
