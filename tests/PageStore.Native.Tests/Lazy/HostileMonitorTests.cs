using System.IO.Pipes;
using System.Net.Sockets;
using System.Text;

namespace PageStore.Native.Tests;

/// <summary>What a monitor says is checked before it is believed, and the next one is served all the same.</summary>
public sealed class HostileMonitorTests : IDisposable
{
    private const nint SysUserfaultfd = 323; // x86-64
    private const nint CloseOnExecNonBlocking = 0x80800;

    private const string Sound = """[{"base_host_virt_addr":1048576,"size":8192,"offset":0,"page_size":4096,"page_size_kib":4096}]""";

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
    private readonly UserFaultListener _listener;

    public HostileMonitorTests() => _listener = new UserFaultListener(_path) { Patience = TimeSpan.FromMilliseconds(200) };

    public void Dispose() => _listener.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("[")]
    [InlineData("""[{"base_host_virt_addr":1048576,"si""")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null ")]
    [InlineData("[null]")]
    [InlineData("[7]")]
    [InlineData("[{}]")]
    [InlineData("]]]")]
    [InlineData("hello")]
    [InlineData("""[{"base_host_virt_addr":-1,"size":8192,"offset":0}]""")]
    [InlineData("""[{"base_host_virt_addr":1e30,"size":8192,"offset":0}]""")]
    [InlineData("""[{"base_host_virt_addr":0,"size":8192,"offset":0}]""")]
    [InlineData("""[{"base_host_virt_addr":1048577,"size":8192,"offset":0}]""")]
    [InlineData("""[{"base_host_virt_addr":1048576,"size":0,"offset":0}]""")]
    [InlineData("""[{"base_host_virt_addr":1048576,"size":8191,"offset":0}]""")]
    [InlineData("""[{"base_host_virt_addr":1048576,"size":8192,"offset":1}]""")]
    [InlineData("""[{"base_host_virt_addr":1048576,"size":18446744073709547520,"offset":0}]""")]
    [InlineData("""[{"base_host_virt_addr":18446744073709547520,"size":8192,"offset":0}]""")]
    [InlineData("""[{"base_host_virt_addr":1048576,"size":8192,"offset":18446744073709547520}]""")]
    [InlineData("""[{"base_host_virt_addr":1048576,"size":8192,"offset":9223372036854771712}]""")]
    [InlineData("""[{"base_host_virt_addr":1048576,"size":8192,"offset":0},{"base_host_virt_addr":1052672,"size":8192,"offset":8192}]""")]
    [InlineData("""[{"base_host_virt_addr":1048576,"size":8192,"offset":0},{"base_host_virt_addr":2097152,"size":8192,"offset":4096}]""")]
    public void What_makes_no_sense_is_refused(string said)
    {
        using var lazy = new LazyRegion(shared: false);
        using var monitor = new TalkingMonitor(_path);
        if (said.Length > 0)
        {
            monitor.Say(said, lazy.Descriptor);
        }

        Assert.Throws<CorruptDataException>(Accept);
        AssertServesTheNext(lazy);
    }

    [Fact]
    public async Task What_has_no_end_is_refused()
    {
        using var lazy = new LazyRegion(shared: false);
        using var monitor = new TalkingMonitor(_path);
        monitor.Say("[" + new string(' ', 100_000), lazy.Descriptor);
        Task more = Task.Run(() =>
        {
            try
            {
                while (true)
                {
                    monitor.Say(new string(' ', 10_000));
                }
            }
            catch (SocketException)
            {
                // It was sent away.
            }
        }, TestContext.Current.CancellationToken);

        Assert.Throws<CorruptDataException>(Accept);
        await more;
        AssertServesTheNext(lazy);
    }

    [Fact]
    public void A_monitor_that_leaves_in_the_middle_is_refused()
    {
        using var lazy = new LazyRegion(shared: false);
        using (var monitor = new TalkingMonitor(_path))
        {
            monitor.Say(Sound[..40], lazy.Descriptor);
        }

        Assert.Throws<CorruptDataException>(Accept);
        AssertServesTheNext(lazy);
    }

    [Theory]
    [InlineData("\"page_size\":2097152")]
    [InlineData("\"page_size_kib\":2097152")]
    public void Pages_of_another_size_are_not_served(string size)
    {
        using var lazy = new LazyRegion(shared: false);
        using var monitor = new TalkingMonitor(_path);
        monitor.Say($$"""[{"base_host_virt_addr":2097152,"size":2097152,"offset":0,{{size}}}]""", lazy.Descriptor);

        Assert.Throws<UnsupportedException>(Accept);
        AssertServesTheNext(lazy);
    }

    [Fact]
    public void A_descriptor_is_needed_that_is_a_userfaultfd()
    {
        using var lazy = new LazyRegion(shared: false);
        using (var monitor = new TalkingMonitor(_path))
        {
            monitor.Say(Sound);
            Assert.Throws<CorruptDataException>(Accept);
        }

        using var pipe = new AnonymousPipeServerStream();
        using (var monitor = new TalkingMonitor(_path))
        {
            monitor.Say(Sound, (int)pipe.SafePipeHandle.DangerousGetHandle());
            Assert.Throws<UnsupportedException>(Accept);
        }

        AssertServesTheNext(lazy);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Of_several_descriptors_the_first_is_taken_and_none_is_kept(int count)
    {
        using var lazy = new LazyRegion(shared: false);
        int[] descriptors = [lazy.Descriptor, .. Enumerable.Repeat(0, count - 1)];
        using var monitor = new TalkingMonitor(_path);
        monitor.Say(Sound, descriptors);
        using UserFaultMemory memory = Accept();
        Assert.Equal(2, memory.PageCount);
    }

    [Fact]
    public void A_userfaultfd_that_nobody_set_up_is_an_error_and_no_endless_loop()
    {
        LazyRegion.SkipWithoutKernelFaults();
        int bare = (int)Libc.syscall(SysUserfaultfd, CloseOnExecNonBlocking, 0, 0);
        using var monitor = new TalkingMonitor(_path);
        monitor.Say(Sound, bare);
        Libc.Check(Libc.close(bare), "close");
        using UserFaultMemory memory = Accept();

        Assert.Throws<StorageException>(() => memory.Wait(Timeout.InfiniteTimeSpan));
    }

    [Fact]
    public async Task Firecrackers_form_is_understood_with_a_gap_and_what_it_may_add()
    {
        using var lazy = new LazyRegion(shared: false);
        using var monitor = new TalkingMonitor(_path);
        monitor.Say("""
            [{"base_host_virt_addr":1048576,"size":8192,"offset":0,"page_size_kib":4096},
             {"base_host_virt_addr":4294967296,"size":12288,"offset":8192,"page_size_kib":4096,"new":[{"deep":1}]}]
            """[..90], lazy.Descriptor);
        Task<UserFaultMemory> accepting = Task.Run(Accept, TestContext.Current.CancellationToken);
        monitor.Say("""
            [{"base_host_virt_addr":1048576,"size":8192,"offset":0,"page_size_kib":4096},
             {"base_host_virt_addr":4294967296,"size":12288,"offset":8192,"page_size_kib":4096,"new":[{"deep":1}]}]
            """[90..]);
        using UserFaultMemory memory = await accepting;
        Assert.Equal((5, Environment.ProcessId), (memory.PageCount, memory.ProcessId));
        memory.SetReady();
        byte[] heard = new byte["ready\n".Length];
        monitor.Hear(heard);
        Assert.Equal("ready\n", Encoding.ASCII.GetString(heard));
    }

    [Fact]
    public async Task Silence_ends_with_the_cancellation()
    {
        LazyRegion.SkipWithoutKernelFaults();
        string path = _path + "2";
        using var listener = new UserFaultListener(path) { Patience = TimeSpan.FromMinutes(30) };
        using var cancellation = new CancellationTokenSource();
        Task accepting = Task.Run(() => listener.Accept(cancellation.Token), TestContext.Current.CancellationToken);
        using var monitor = new TalkingMonitor(path);
        monitor.Say("[");
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void The_socket_is_its_owners_and_its_path_must_be_free()
    {
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(_path) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.Throws<StorageException>(() => new UserFaultListener(_path));
        Assert.True(File.Exists(_path));
        Assert.Throws<StorageException>(() => new UserFaultListener("/tmp/" + new string('x', 200)));
        Assert.Throws<StorageException>(() => new UserFaultListener("/nowhere/at/all"));
        _listener.Dispose();
        Assert.False(File.Exists(_path));
        using var next = new UserFaultListener(_path);
        _listener.Dispose();
        Assert.True(File.Exists(_path));
    }

    private UserFaultMemory Accept() => _listener.Accept(TestContext.Current.CancellationToken);

    private void AssertServesTheNext(LazyRegion lazy)
    {
        using var monitor = new TalkingMonitor(_path);
        monitor.Say(Sound, lazy.Descriptor);
        using UserFaultMemory memory = Accept();
        Assert.Equal(2, memory.PageCount);
    }
}
