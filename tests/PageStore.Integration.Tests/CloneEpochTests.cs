using PageStore.Checkpoint;
using PageStore.Cli;
using PageStore.Cli.Tests;
using PageStore.Native;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>An epoch becomes the memory that clones share, and a clone an epoch that holds what it wrote.</summary>
public sealed class CloneEpochTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_a_clone_owns_is_an_epoch_behind_that_of_its_base()
    {
        KnownGuest.Write(_folder["f"]);
        using CheckpointWriter writer = CheckpointWriter.OpenOrCreate(_folder["f"], new CheckpointWriterOptions(), out _);
        EpochId first = writer.Newest!.Value;
        using Epoch epoch = writer.OpenEpoch(first);
        using CloneBase source = CloneBase.Create(epoch.PageCount * epoch.PageSize, memory => EagerLoad.Into(epoch, memory, CancellationToken.None));
        using MemoryClone clone = source.MapClone();
        long[] written = Write(clone.Memory);

        using var own = new PageBitmap(clone.Memory.PageCount);
        clone.GetOwnPages(own);
        using (EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = first }))
        {
            foreach (PfnRun run in own.Runs())
            {
                builder.WritePages(run.First, clone.Memory.GetSpan(run.First.Value * epoch.PageSize, (int)run.Count * epoch.PageSize));
            }

            builder.Commit();
        }

        using Epoch second = writer.OpenEpoch(writer.Newest!.Value);
        Assert.Equal(written.Length, second.Info.PagesWritten);
        Assert.True(ImageOf(second).AsSpan().SequenceEqual(ImageOf(clone.Memory)), "the epoch has other bytes than the clone");
        Assert.True(ImageOf(epoch).AsSpan().SequenceEqual(ImageOf(source)), "the base has other bytes than its epoch");
    }

    /// <summary>The clone's memory under the kernel's dirty log, as any other guest's.</summary>
    [Fact]
    public void A_clone_is_captured_as_any_guest()
    {
        string? missing = LinuxTrackingCapabilities.Probe().Missing;
        Assert.SkipWhen(missing is not null, missing ?? string.Empty);
        KnownGuest.Write(_folder["f"]);
        using CheckpointReader reader = CheckpointReader.Open(_folder["f"]);
        using Epoch epoch = reader.OpenNewest();
        using CloneBase source = CloneBase.Create(epoch.PageCount * epoch.PageSize, memory => EagerLoad.Into(epoch, memory, CancellationToken.None));
        using MemoryClone clone = source.MapClone();
        using CheckpointWriter writer = CheckpointWriter.Create(_folder["clone"]);
        using var log = new LinuxDirtyLog(clone.Memory);
        using var capture = new GuestCapture(writer, clone.Memory, log, new StandingGuest());
        capture.Capture();
        long[] written = Write(clone.Memory);
        Assert.Equal(written.Length, capture.Capture().Epoch.PagesWritten);
        using Epoch second = writer.OpenEpoch(writer.Newest!.Value);
        Assert.True(ImageOf(second).AsSpan().SequenceEqual(ImageOf(clone.Memory)));
        using var own = new PageBitmap(clone.Memory.PageCount);
        clone.GetOwnPages(own);
        Assert.Equal(written.Length, own.Count());
    }

    private static long[] Write(MemoryRegion memory)
    {
        var random = new Random(3);
        var written = new HashSet<long>();
        for (int i = 0; i < 200; i++)
        {
            long page = random.NextInt64(memory.PageCount);
            memory.GetPage(new Pfn(page))[random.Next(memory.PageSize)]++;
            written.Add(page);
        }

        return [.. written];
    }

    private static byte[] ImageOf(IGuestMemory memory)
    {
        byte[] image = new byte[memory.PageCount * memory.PageSize];
        memory.CopyPages(new Pfn(0), image, new GuestPageType[memory.PageCount]);
        return image;
    }

    private sealed class StandingGuest : IGuestPause
    {
        public void Pause()
        {
        }

        public void Resume()
        {
        }
    }
}
