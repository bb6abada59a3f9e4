using System.Diagnostics;

namespace PageStore.Native.Tests;

/// <summary>Memory that one process hands over to another, and what each sees when the other is killed.</summary>
public sealed class UserFaultProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(_path);

    /// <summary>The collector of the child cannot stop the thread that waits; this process does not wait for it.</summary>
    [Fact]
    public async Task Managed_code_may_touch_missing_pages_that_another_process_serves()
    {
        LazyRegion.SkipWithoutKernelFaults();
        using var listener = new UserFaultListener(_path);
        Task<IReadOnlyDictionary<string, string>> child = ChildProcess.RunAsync(LazyRoles.Offer + _path);
        using UserFaultMemory memory = listener.Accept(TestContext.Current.CancellationToken);
        Assert.Equal(LazyRoles.PageCount, memory.PageCount);
        memory.SetReady();
        var events = new LazyMemoryEvent[4];
        for (int served = 0; served < LazyRoles.PageCount;)
        {
            Assert.Equal((LazyMemorySignals)0, memory.Wait(Timeout.InfiniteTimeSpan) & LazyMemorySignals.Ended);
            int count = memory.ReadEvents(events);
            for (int i = 0; i < count; i++, served++)
            {
                byte[] page = new byte[memory.PageSize];
                page[0] = (byte)(events[i].First.Value + 1);
                Assert.Equal((LazyMemoryEventKind.ReadFault, 1), (events[i].Kind, memory.Fill(events[i].First, page)));
            }
        }

        memory.Release();
        IReadOnlyDictionary<string, string> said = await child;
        Assert.Equal(("136", "True"), (said["sum"], said["complete"]));
    }

    [Fact]
    public async Task A_handler_that_is_killed_is_told_of()
    {
        LazyRegion.SkipWithoutKernelFaults();
        using Process child = ChildProcess.Start(LazyRoles.Serve + _path);
        try
        {
            Assert.Equal("listening", await child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            using MemoryRegion memory = MemoryRegion.CreatePrivate((long)LazyRoles.PageCount * Environment.SystemPageSize);
            using UserFaultOffer offer = UserFaultOffer.Connect(memory, _path);
            await offer.Ready.WaitAsync(Patience, TestContext.Current.CancellationToken);
            Assert.False(offer.Complete.IsCompleted);
            child.Kill();
            await Assert.ThrowsAsync<StorageException>(() => offer.Complete.WaitAsync(Patience, TestContext.Current.CancellationToken));
        }
        finally
        {
            child.Kill();
        }
    }

    [Fact]
    public void A_process_that_is_killed_has_ended()
    {
        LazyRegion.SkipWithoutKernelFaults();
        using var listener = new UserFaultListener(_path);
        using Process child = ChildProcess.Start(LazyRoles.OfferAndWait + _path);
        try
        {
            using UserFaultMemory memory = listener.Accept(TestContext.Current.CancellationToken);
            Assert.Equal((child.Id, LazyMemorySignals.None), (memory.ProcessId, memory.Wait(TimeSpan.Zero)));
            child.Kill();
            while ((memory.Wait(Timeout.InfiniteTimeSpan) & LazyMemorySignals.Ended) == 0)
            {
            }

            child.WaitForExit();
            Assert.Equal((2, 4), (memory.Fill(new Pfn(0), LazyRegion.Content(1, 2)), memory.FillZero(new Pfn(0), 4)));
            memory.Release();
            Assert.Equal(LazyMemorySignals.Ended, memory.Wait(Timeout.InfiniteTimeSpan));
        }
        finally
        {
            child.Kill();
        }
    }

    [Fact]
    public void A_handler_that_is_not_there_is_an_error()
    {
        LazyRegion.SkipWithoutKernelFaults();
        using MemoryRegion memory = MemoryRegion.CreatePrivate(Environment.SystemPageSize);
        Assert.Throws<StorageException>(() => UserFaultOffer.Connect(memory, _path));
        Assert.Throws<StorageException>(() => UserFaultOffer.Connect(memory, new string('x', 200)));
    }
}
