using System.Globalization;
using System.Runtime.InteropServices;

namespace PageStore.Native.Tests;

/// <summary>
/// A monitor that made its userfaultfd itself and asked for all events of its mappings, and that hands it over as Firecracker does. Its memory is touched, unmapped and moved by
/// calls of the C library, where the collector does not wait for them.
/// </summary>
internal sealed unsafe class EventfulMonitor : IDisposable
{
    internal const int PageCount = 64;

    // include/uapi/linux/userfaultfd.h: UFFDIO_API, UFFDIO_REGISTER, UFFD_API, and the features EVENT_REMAP, EVENT_REMOVE and EVENT_UNMAP
    private const nuint ApiRequest = 0xc018aa3f;
    private const nuint RegisterRequest = 0xc020aa00;
    private const ulong Api = 0xaa;
    private const ulong EventFeatures = 0x4c;
    private const ulong ModeMissing = 1;

    // x86-64 and arm64; O_CLOEXEC | O_NONBLOCK
    private static readonly nint SysUserfaultfd = RuntimeInformation.OSArchitecture == Architecture.X64 ? 323 : 282;
    private const nint CloseOnExecNonBlocking = 0x80800;

    private readonly TalkingMonitor _talk;
    private readonly nint _memory;
    private int _descriptor;

    internal EventfulMonitor(string path)
    {
        LazyRegion.SkipWithoutKernelFaults();
        _descriptor = (int)Libc.syscall(SysUserfaultfd, CloseOnExecNonBlocking, 0, 0);
        ulong* api = stackalloc ulong[3] { Api, EventFeatures, 0 };
        Libc.Check(Libc.ioctl(_descriptor, ApiRequest, api), "UFFDIO_API");
        _memory = Libc.mmap(null, (nuint)Bytes(PageCount), Libc.ProtReadWrite, Libc.MapPrivateAnonymous, -1, 0);
        ulong* registration = stackalloc ulong[4] { (ulong)_memory, (ulong)Bytes(PageCount), ModeMissing, 0 };
        Libc.Check(Libc.ioctl(_descriptor, RegisterRequest, registration), "UFFDIO_REGISTER");
        _talk = new TalkingMonitor(path);
        _talk.Say(string.Create(CultureInfo.InvariantCulture, $$"""[{"base_host_virt_addr":{{_memory}},"size":{{Bytes(PageCount)}},"offset":0,"page_size":{{Environment.SystemPageSize}}}]"""), _descriptor);
    }

    internal Task UnmapAsync(int first, int count) => RunAsync(() =>
    {
        Libc.Check(Libc.munmap(AddressOf(first), (nuint)Bytes(count)), "munmap");
        return true;
    });

    /// <summary>Maps a file in the place of pages, which userfaultfd does not serve.</summary>
    internal Task ReplaceAsync(int first, int count) => RunAsync(() =>
    {
        using FileStream file = File.OpenRead(Environment.ProcessPath!);
        nint mapped = Libc.mmap((void*)AddressOf(first), (nuint)Bytes(count), Libc.ProtRead, Libc.MapPrivateFixed, (int)file.SafeFileHandle.DangerousGetHandle(), 0);
        Libc.Check(mapped == AddressOf(first) ? 0 : -1, "mmap");
        return true;
    });

    /// <summary>Moves pages elsewhere; says where.</summary>
    internal Task<nint> MoveAsync(int first, int count) => RunAsync(() =>
    {
        // Twice as long, so that they do not fit where they are.
        nint moved = Libc.mremap(AddressOf(first), (nuint)Bytes(count), (nuint)Bytes(2 * count), Libc.MremapMayMove);
        Libc.Check(moved == -1 || moved == AddressOf(first) ? -1 : 0, "mremap");
        return moved;
    });

    internal Task<byte[]> ReadAsync(int page) => ReadAtAsync(AddressOf(page));

    internal static Task<byte[]> ReadAtAsync(nint address) => RunAsync(() =>
    {
        byte[] copy = GC.AllocateUninitializedArray<byte>(Environment.SystemPageSize, pinned: true);
        Libc.memcpy(Marshal.UnsafeAddrOfPinnedArrayElement(copy, 0), address, copy.Length);
        return copy;
    });

    /// <summary>The next line that the other side says.</summary>
    internal string Hear() => _talk.HearLine();

    /// <summary>Reads what nobody has been told of until a call is through that waits for that.</summary>
    internal void ReadEventsUntil(Task call) =>
        Assert.True(SpinWait.SpinUntil(() => call.IsCompleted | ReadFault() != 0, TimeSpan.FromSeconds(20)) && call.IsCompleted, "the call does not end");

    /// <summary>Waits until a thread waits for a page that nobody has been told of, and says where.</summary>
    internal nint WaitForFault()
    {
        nint address = 0;
        Assert.True(SpinWait.SpinUntil(() => (address = ReadFault()) != 0, TimeSpan.FromSeconds(20)), "nobody waits for a page");
        return address;
    }

    /// <summary>Reads one event; gives the address if it is a page fault.</summary>
    private nint ReadFault()
    {
        // struct uffd_msg: the event, and the address of a page fault (UFFD_EVENT_PAGEFAULT) at its third word.
        ulong* message = stackalloc ulong[4];
        return Libc.read(_descriptor, message, 4 * sizeof(ulong)) > 0 && (byte)message[0] == 0x12 ? (nint)message[2] : 0;
    }

    /// <summary>Ends it: who waits goes on with zeros.</summary>
    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            Libc.Check(Libc.close(_descriptor), "close");
            _descriptor = -1;
        }

        _talk.Dispose();
    }

    private static long Bytes(int pages) => (long)pages * Environment.SystemPageSize;

    private nint AddressOf(int page) => _memory + (nint)Bytes(page);

    private static Task<T> RunAsync<T>(Func<T> touch) =>
        Task.Factory.StartNew(touch, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
