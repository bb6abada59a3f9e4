namespace PageStore.Native.Tests;

/// <summary>A monitor that unmaps or moves its guest's memory while pages of it are missing, on a userfaultfd that tells so.</summary>
public sealed class ChangedMappingTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly UserFaultListener _listener = new(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _listener.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(54)]
    public async Task What_is_unmapped_counts_as_given_up_and_the_rest_is_served(int first)
    {
        using var monitor = new EventfulMonitor(_listener.Path);
        using UserFaultMemory memory = _listener.Accept(Cancellation);
        Task unmapping = monitor.UnmapAsync(first, 10);
        memory.Wait(Timeout.InfiniteTimeSpan);
        Assert.Equal((0, 0), (memory.Fill(new Pfn(30), LazyRegion.Content(1)), memory.FillZero(new Pfn(30), 1)));
        Assert.Equal(new LazyMemoryEvent(LazyMemoryEventKind.Removed, new Pfn(first), 10), Next(memory));
        await unmapping.WaitAsync(Patience, Cancellation);

        // Over the hole, too.
        Assert.Equal(40, memory.Fill(new Pfn(0), LazyRegion.Content(4, 40)));
        Task<byte[]> present = monitor.ReadAsync(25);
        Assert.Equal(LazyRegion.PageOf(LazyRegion.Content(4, 40), 25), await present.WaitAsync(Patience, Cancellation));
        Task<byte[]> missing = monitor.ReadAsync(45);
        Assert.Equal(new LazyMemoryEvent(LazyMemoryEventKind.ReadFault, new Pfn(45), 1), Next(memory));
        memory.Release();
        Assert.True(!(await missing.WaitAsync(Patience, Cancellation)).AsSpan().ContainsAnyExcept((byte)0));
        Assert.True(!(await monitor.ReadAsync(46).WaitAsync(Patience, Cancellation)).AsSpan().ContainsAnyExcept((byte)0));
    }

    /// <summary>The kernel then refuses to release any range that has a page of it.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(54)]
    public async Task What_is_mapped_to_a_file_keeps_nobody_from_being_released(int first)
    {
        using var monitor = new EventfulMonitor(_listener.Path);
        using UserFaultMemory memory = _listener.Accept(Cancellation);
        Task replacing = monitor.ReplaceAsync(first, 10);
        memory.Wait(Timeout.InfiniteTimeSpan);
        Assert.Equal(new LazyMemoryEvent(LazyMemoryEventKind.Removed, new Pfn(first), 10), Next(memory));
        await replacing.WaitAsync(Patience, Cancellation);
        Task<byte[]> missing = monitor.ReadAsync(45);
        Assert.Equal(new LazyMemoryEvent(LazyMemoryEventKind.ReadFault, new Pfn(45), 1), Next(memory));
        memory.Release();
        int[] others = [.. Enumerable.Range(0, EventfulMonitor.PageCount).Where(page => page < first || page >= first + 10)];
        Assert.True(!(await missing.WaitAsync(Patience, Cancellation)).AsSpan().ContainsAnyExcept((byte)0));
        byte[][] released = await Task.WhenAll(others.Select(monitor.ReadAsync)).WaitAsync(Patience, Cancellation);
        Assert.All(released, page => Assert.True(!page.AsSpan().ContainsAnyExcept((byte)0)));
    }

    [Fact]
    public async Task All_of_it_may_be_unmapped()
    {
        using var monitor = new EventfulMonitor(_listener.Path);
        using UserFaultMemory memory = _listener.Accept(Cancellation);
        Task unmapping = monitor.UnmapAsync(0, EventfulMonitor.PageCount);
        memory.Wait(Timeout.InfiniteTimeSpan);
        Assert.Equal(new LazyMemoryEvent(LazyMemoryEventKind.Removed, new Pfn(0), EventfulMonitor.PageCount), Next(memory));
        await unmapping.WaitAsync(Patience, Cancellation);
        Assert.Equal((4, true), (memory.Fill(new Pfn(0), LazyRegion.Content(4, 4)), memory.Poison(new Pfn(9))));
        memory.Release();

        // What is not there any more is not damaged either.
        Assert.Equal("complete", monitor.Hear());
    }

    /// <summary>It would be complete with pages missing in the new place, which read as zeros when the last descriptor is closed.</summary>
    [Fact]
    public async Task What_is_moved_ends_the_service_and_is_still_waited_for()
    {
        using var monitor = new EventfulMonitor(_listener.Path);
        Task<nint> moving;
        using (UserFaultMemory memory = _listener.Accept(Cancellation))
        {
            moving = monitor.MoveAsync(10, 10);
            memory.Wait(Timeout.InfiniteTimeSpan);
            UnsupportedException refused = Assert.Throws<UnsupportedException>(() => Next(memory));
            Assert.Contains("moved", refused.Message, StringComparison.Ordinal);
        }

        // Its old place is unmapped, which is told, too.
        monitor.ReadEventsUntil(moving);
        nint moved = await moving;
        Task<byte[]> waiting = EventfulMonitor.ReadAtAsync(moved);
        Assert.Equal(moved, monitor.WaitForFault());
        Assert.False(waiting.IsCompleted);
        monitor.Dispose();
        await waiting.WaitAsync(Patience, Cancellation);
    }

    [Fact]
    public async Task What_is_moved_while_all_is_released_is_told_as_well()
    {
        using var monitor = new EventfulMonitor(_listener.Path);
        Task<nint> moving;
        using (UserFaultMemory memory = _listener.Accept(Cancellation))
        {
            moving = monitor.MoveAsync(10, 10);
            memory.Wait(Timeout.InfiniteTimeSpan);
            Assert.Throws<UnsupportedException>(memory.Release);
        }

        monitor.ReadEventsUntil(moving);
        Task<byte[]> waiting = EventfulMonitor.ReadAtAsync(await moving);
        monitor.WaitForFault();
        Assert.False(waiting.IsCompleted);
        monitor.Dispose();
        await waiting.WaitAsync(Patience, Cancellation);
    }

    private static LazyMemoryEvent Next(UserFaultMemory memory)
    {
        var events = new LazyMemoryEvent[1];
        while (memory.ReadEvents(events) == 0)
        {
            memory.Wait(Timeout.InfiniteTimeSpan);
        }

        return events[0];
    }
}
