using FsCheck.Xunit;

namespace PageStore.Native.Tests;

/// <summary>Copies out of files that are cut off meanwhile. What may be killed runs in a child, and lives or dies as it should.</summary>
public sealed class GuardedCopyTests
{
    /// <summary>As a shell says that a signal ended a process; so does the framework.</summary>
    private const int Killed = 128;

    [Property(MaxTest = 200)]
    public void A_copy_equals_the_mapping(ushort from, ushort count)
    {
        using var file = new ShrinkingFile(16);
        int offset = from % file.Content.Length;
        Assert.True(file.Copies(GuardedCopy.Install(), offset, count % (file.Content.Length - offset)));
    }

    [Fact]
    public void A_copy_stays_in_its_destination()
    {
        using var file = new ShrinkingFile(4);
        byte[] copy = new byte[1000];
        Assert.True(GuardedCopy.Install().TryCopy(file.Address + 77, copy.AsSpan(100, 800)));
        Assert.Equal(file.Content[77..877], copy[100..900]);
        Assert.Equal(-1, copy.AsSpan(0, 100).IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, copy.AsSpan(900).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void A_copy_allocates_nothing()
    {
        using var file = new ShrinkingFile(4);
        GuardedCopy guard = GuardedCopy.Install();
        byte[] copy = new byte[4096];
        guard.TryCopy(file.Address, copy);
        long before = GC.GetAllocatedBytesForCurrentThread();
        guard.TryCopy(file.Address, copy);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public unsafe void Bytes_that_no_address_space_holds_are_refused()
    {
        GuardedCopy.Install();
        byte* one = stackalloc byte[1];
        Assert.Equal(ShimResult.Argument, NativeMethods.GuardCopy((nint)one, one, ulong.MaxValue, out int errno));
        Assert.Equal(0, errno);
        Assert.Equal(ShimResult.Argument, NativeMethods.GuardCopy(-1, one, 2, out _));
    }

    [Theory]
    [InlineData(GuardRoles.Early)]
    [InlineData(GuardRoles.Faults)]
    [InlineData(GuardRoles.Threads)]
    [InlineData(GuardRoles.NullReferences)]
    public async Task A_process_lives_and_copies(string role) => Assert.Equal("True", (await ChildProcess.RunAsync(role))["good"]);

    [Fact]
    public async Task A_handler_that_was_there_before_gets_what_is_not_the_guards()
    {
        (int exitCode, string output, string errors) = await ChildProcess.RunToExitAsync(GuardRoles.Chained);
        Assert.Equal("good=True", output.Trim());
        Assert.True(exitCode == GuardRoles.SigBus, $"The child ended with {exitCode}: {errors}");
    }

    [Theory]
    [InlineData(GuardRoles.ForeignFault)]
    [InlineData(GuardRoles.Destination)]
    [InlineData(GuardRoles.IgnoredFault)]
    [InlineData(GuardRoles.Sent)]
    public async Task A_bus_error_that_is_nobodys_kills(string role)
    {
        (int exitCode, _, string errors) = await ChildProcess.RunToExitAsync(role);
        Assert.True(exitCode == Killed + GuardRoles.SigBus, $"The child ended with {exitCode}: {errors}");
    }

    [Fact]
    public async Task A_sent_signal_that_was_ignored_still_is() => Assert.Equal(0, (await ChildProcess.RunToExitAsync(GuardRoles.Ignored)).ExitCode);

    [Fact]
    public async Task A_fault_in_managed_code_ends_the_process_as_without_the_guard()
    {
        int with = (await ChildProcess.RunToExitAsync(GuardRoles.ManagedFault)).ExitCode;
        Assert.True(with > Killed, $"The child ended with {with}.");
        Assert.Equal((await ChildProcess.RunToExitAsync(GuardRoles.ManagedFaultWithoutGuard)).ExitCode, with);
    }
}
