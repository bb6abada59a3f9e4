namespace PageStore.Native.Tests;

/// <summary>Who touches a missing page waits, is told of, and sees what is brought.</summary>
public sealed class UserFaultMemoryTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Faults_tell_which_page_and_why_and_end_with_its_content(bool shared)
    {
        using var memory = new LazyRegion(shared);
        Task<byte[]> read = memory.ReadAsync(5);
        Assert.Equal(new LazyMemoryEvent(LazyMemoryEventKind.ReadFault, new Pfn(5), 1), memory.Next());
        Assert.Equal(1, memory.Lazy.Fill(new Pfn(5), LazyRegion.Content(5)));
        Assert.Equal(LazyRegion.Content(5), await read);

        Task write = memory.WriteAsync(63, 7);
        Assert.Equal(new LazyMemoryEvent(LazyMemoryEventKind.WriteFault, new Pfn(63), 1), memory.Next());
        Assert.Equal(1, memory.Lazy.FillZero(new Pfn(63), 1));
        await write;
        Assert.Equal(7, (await memory.ReadAsync(63))[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_there_stays_and_counts(bool shared)
    {
        using var memory = new LazyRegion(shared);
        memory.Lazy.Fill(new Pfn(3), LazyRegion.Content(3));
        Assert.Equal(8, memory.Lazy.Fill(new Pfn(0), LazyRegion.Content(9, 8)));
        Assert.Equal(64, memory.Lazy.FillZero(new Pfn(0), 64));

        Assert.Equal(LazyRegion.Content(3), await memory.ReadAsync(3));
        Assert.Equal(LazyRegion.PageOf(LazyRegion.Content(9, 8), 7), await memory.ReadAsync(7));
        Assert.True(!(await memory.ReadAsync(8)).AsSpan().ContainsAnyExcept((byte)0));
        Assert.Equal(3, memory.Lazy.Fill(new Pfn(100), LazyRegion.Content(1, 3)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task All_who_wait_for_a_page_go_on(bool shared)
    {
        using var memory = new LazyRegion(shared);
        Task<byte[]>[] reads = [.. Enumerable.Range(0, 5).Select(_ => memory.ReadAsync(2))];
        for (int i = 0; i < reads.Length; i++)
        {
            Assert.Equal(new Pfn(2), memory.Next().First);
        }

        memory.Lazy.Fill(new Pfn(2), LazyRegion.Content(2));
        Assert.All(await Task.WhenAll(reads), read => Assert.Equal(LazyRegion.Content(2), read));
    }

    [Fact]
    public void Memory_whose_first_resume_was_left_never_becomes_whole()
    {
        LazyRegion.SkipWithoutKernelFaults();
        using MemoryRegion memory = MemoryRegion.CreateShared(4 * PageSizes.Default);
        using (UserFaultMemory complete = UserFaultMemory.Register(memory))
        {
            Assert.False(memory.IsWhole);
            complete.Release();
            Assert.True(memory.IsWhole);
        }

        UserFaultMemory.Register(memory).Dispose();
        Assert.False(memory.IsWhole);

        // Nobody listens: nothing was begun, and nothing changes.
        Assert.Throws<StorageException>(() => UserFaultOffer.Connect(memory, Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())));
        using MemoryRegion other = MemoryRegion.CreateShared(4 * PageSizes.Default);
        Assert.Throws<StorageException>(() => UserFaultOffer.Connect(other, Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())));
        Assert.True(other.IsWhole);
        using UserFaultMemory again = UserFaultMemory.Register(memory);
        again.Release();
        Assert.False(memory.IsWhole);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_is_brought_behind_a_removal_before_it_was_read(bool shared)
    {
        using var memory = new LazyRegion(shared);
        memory.Lazy.Fill(new Pfn(8), LazyRegion.Content(8, 4));
        Task removal = memory.RemoveAsync(9, 20);
        memory.Lazy.Wait(Timeout.InfiniteTimeSpan);
        Assert.Equal((0, 0, false), (memory.Lazy.Fill(new Pfn(40), LazyRegion.Content(1, 2)), memory.Lazy.FillZero(new Pfn(40), 1), memory.Lazy.Poison(new Pfn(40))));
        Assert.Equal(new LazyMemoryEvent(LazyMemoryEventKind.Removed, new Pfn(9), 20), memory.Next());
        await removal;

        Task<byte[]> read = memory.ReadAsync(10);
        Assert.Equal(new LazyMemoryEvent(LazyMemoryEventKind.ReadFault, new Pfn(10), 1), memory.Next());
        memory.Lazy.FillZero(new Pfn(10), 1);
        Assert.True(!(await read).AsSpan().ContainsAnyExcept((byte)0));
        Assert.Equal(LazyRegion.PageOf(LazyRegion.Content(8, 4), 0), await memory.ReadAsync(8));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Release_lets_all_go_and_leaves_what_cannot_be_had(bool shared)
    {
        using var memory = new LazyRegion(shared);
        Task<byte[]> waiting = memory.ReadAsync(1);
        memory.Next();
        Assert.True(memory.Lazy.Poison(new Pfn(2)));
        Assert.False(memory.CanKernelRead(2));
        memory.Lazy.Release();

        Assert.True(!(await waiting).AsSpan().ContainsAnyExcept((byte)0));
        Assert.True(!(await memory.ReadAsync(3)).AsSpan().ContainsAnyExcept((byte)0));
        Assert.False(memory.CanKernelRead(2));
        Assert.True(memory.CanKernelRead(4));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Memory_is_damaged_where_the_kernel_poisoned_a_page_and_not_where_it_left_one_as_it_was(bool shared)
    {
        using (var memory = new LazyRegion(shared))
        {
            memory.Lazy.Fill(new Pfn(2), LazyRegion.Content(2));

            // One that is there already, and one that the memory does not have.
            Assert.Equal((true, true), (memory.Lazy.Poison(new Pfn(2)), memory.Lazy.Poison(new Pfn(LazyRegion.PageCount))));
            memory.Lazy.Release();
            Assert.Equal((true, true), (memory.CanKernelRead(2), memory.Region.IsWhole));
        }

        using var damaged = new LazyRegion(shared);
        Assert.Equal((true, true), (damaged.Lazy.Poison(new Pfn(2)), damaged.Lazy.Poison(new Pfn(2))));
        damaged.Lazy.Release();
        Assert.Equal((false, false), (damaged.CanKernelRead(2), damaged.Region.IsWhole));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Release_lets_go_on_who_gives_pages_up(bool shared)
    {
        using var memory = new LazyRegion(shared);
        Task removal = memory.RemoveAsync(9, 20);
        memory.Lazy.Wait(Timeout.InfiniteTimeSpan);
        memory.Lazy.Release();

        // The descriptor stays open, as that of the process whose memory it is may.
        await removal.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Memory_that_is_several_mappings_of_the_kernel_is_filled_across_them(bool shared)
    {
        using var memory = new LazyRegion(shared);
        memory.SplitAt(11);
        Assert.Equal(20, memory.Lazy.Fill(new Pfn(2), LazyRegion.Content(4, 20)));
        Assert.Equal(64, memory.Lazy.FillZero(new Pfn(0), 64));

        // All is there: nobody is told of a fault.
        Assert.Equal(LazyRegion.PageOf(LazyRegion.Content(4, 20), 0), await memory.ReadAsync(2).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.Equal(LazyRegion.PageOf(LazyRegion.Content(4, 20), 19), await memory.ReadAsync(21).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.Equal(0, memory.Lazy.ReadEvents(new LazyMemoryEvent[4]));
    }

    [Fact]
    public void Waits_end_with_the_time_or_by_a_wake()
    {
        using var memory = new LazyRegion(shared: false);
        Assert.Equal(LazyMemorySignals.None, memory.Lazy.Wait(TimeSpan.Zero));
        Assert.Equal(LazyMemorySignals.None, memory.Lazy.Wait(TimeSpan.FromMilliseconds(1)));
        memory.Lazy.Wake();
        memory.Lazy.Wake();
        Assert.Equal(LazyMemorySignals.Woken, memory.Lazy.Wait(Timeout.InfiniteTimeSpan));
        Assert.Equal(LazyMemorySignals.None, memory.Lazy.Wait(TimeSpan.Zero));
        Assert.Throws<ArgumentException>(() => memory.Lazy.ReadEvents([]));
        memory.Lazy.SetReady();
        memory.Lazy.Dispose();
        memory.Lazy.Dispose();
        memory.Lazy.Wake();
        Assert.Throws<ObjectDisposedException>(() => memory.Lazy.Wait(TimeSpan.Zero));
    }

    [Fact]
    public async Task Disposal_lets_all_go()
    {
        using var memory = new LazyRegion(shared: false);
        Task<byte[]> read = memory.ReadAsync(1);
        memory.Next();
        memory.Lazy.Dispose();

        Assert.True(!(await read).AsSpan().ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Memory_is_served_once_and_may_go_away()
    {
        using var memory = new LazyRegion(shared: false);
        Assert.Throws<StorageException>(() => UserFaultMemory.Register(memory.Region));
        memory.Region.Dispose();
        Assert.Throws<ObjectDisposedException>(() => UserFaultMemory.Register(memory.Region));
        Assert.Equal((4, 64, true), (memory.Lazy.Fill(new Pfn(0), LazyRegion.Content(1, 4)), memory.Lazy.FillZero(new Pfn(0), 64), memory.Lazy.Poison(new Pfn(3))));
        memory.Lazy.Release();
    }

    /// <summary>In a process of its own: what a process forbids itself, it forbids itself for good.</summary>
    [Fact]
    public async Task Where_the_kernel_cannot_poison_it_is_said_and_who_touches_the_page_waits()
    {
        LazyRegion.SkipWithoutKernelFaults();
        IReadOnlyDictionary<string, string> said = await ChildProcess.RunAsync(LazyRoles.NoPoison);
        Assert.Contains("6.6", said["unsupported"], StringComparison.Ordinal);
        Assert.Equal(("True", "True"), (said["waits"], said["right"]));
    }
}
