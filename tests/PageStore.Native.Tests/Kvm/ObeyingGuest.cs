using System.Buffers.Binary;

namespace PageStore.Native.Tests;

/// <summary>What the program Guest/obey.c can be told.</summary>
internal enum GuestCommand : uint
{
    Read = 1,
    Write = 2,
    Spin = 3,
    Speak = 4,
    Fault = 5,
    BadPort = 6,
    Touch = 7,
    VectorSet = 8,
    VectorGet = 9,
    End = 10,
    Count = 11,
}

/// <summary>A KVM machine with the program Guest/obey.c, which does what a test tells it and says what it touches.</summary>
internal sealed class ObeyingGuest : IDisposable
{
    // As in src/Cli/Demo/Guest/machine.h.
    internal const long ParametersPage = 0x80;
    private const long StackPage = 0x9f;
    internal const long ProgramPage = 0x100;
    internal const long DataPage = 0x200;
    private const long PageTables = 1;

    // As in ps_kvm_load, of 32 MiB: one of level 4, 3 and 2 each, and with small pages one of level 1 for each 2 MiB.
    private const int LargePageTables = 3;
    internal const int SmallPageTables = 19;

    private const long MemoryBytes = 32 << 20;

    /// <summary>So long that only a guest that hangs takes it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly int _tablePages;
    private long _nextReport;

    internal ObeyingGuest(KvmMachineOptions? options = null, bool load = true, KvmPaging paging = KvmPaging.LargePages)
    {
        SkipWithoutKvm();
        _tablePages = paging == KvmPaging.SmallPages ? SmallPageTables : LargePageTables;
        Memory = MemoryRegion.CreateShared(MemoryBytes);
        Machine = new KvmMachine(Memory, options);
        if (load)
        {
            byte[] program = Program();
            Machine.Load(program, ProgramPage * PageSizes.Default, ProgramPage * PageSizes.Default, paging: paging);
            ProgramPages = (program.Length + PageSizes.Default - 1) / PageSizes.Default;
        }
    }

    /// <summary>One that goes on over memory of somebody's, which it disposes.</summary>
    /// <param name="memory">With the content that such a guest left.</param>
    /// <param name="state">The state in which it left it.</param>
    internal ObeyingGuest(MemoryRegion memory, byte[] state)
    {
        _tablePages = LargePageTables;
        ProgramPages = (Program().Length + PageSizes.Default - 1) / PageSizes.Default;
        Memory = memory;
        Machine = new KvmMachine(memory);
        Machine.SetState(state);
    }

    internal MemoryRegion Memory { get; }

    internal KvmMachine Machine { get; private set; }

    private long ProgramPages { get; }

    /// <summary>
    /// What may be read besides what the program is told to read: page 0, where KVM may look for descriptors; page tables, parameters, stack, and the program.
    /// </summary>
    internal HashSet<long> Overhead =>
        [0, StackPage, PageTables, PageTables + 1, PageTables + 2, ParametersPage, .. Enumerable.Range(0, (int)ProgramPages).Select(page => ProgramPage + page)];

    /// <summary>
    /// A set of written pages without the page tables. Under AMD's nested paging the processor walks a guest's tables "as user writes" (AMD64 Architecture Programmer's Manual, volume 2,
    /// Nested Table Walk), so any log may count them as written; where KVM keeps shadows of the tables, as it may where it runs in a virtual machine itself, it does not.
    /// </summary>
    internal IEnumerable<long> WithoutTables(IEnumerable<long> written) => written.Where(page => page < PageTables || page >= PageTables + _tablePages).Order();

    internal static void SkipWithoutKvm()
    {
        string? missing = KvmCapabilities.Probe().Missing;
        Assert.SkipWhen(missing is not null, missing ?? string.Empty);
    }

    internal static byte[] Program()
    {
        using Stream resource = typeof(ObeyingGuest).Assembly.GetManifestResourceStream("obey.bin")!;
        byte[] program = new byte[resource.Length];
        resource.ReadExactly(program);
        return program;
    }

    /// <summary>Fills in the parameters; the guest must stand.</summary>
    internal void SetParameters(ulong seed, long first = DataPage, long span = 4096, long count = 0)
    {
        Span<byte> page = Memory.GetPage(new Pfn(ParametersPage));
        BinaryPrimitives.WriteUInt64LittleEndian(page, seed);
        BinaryPrimitives.WriteInt64LittleEndian(page[8..], first);
        BinaryPrimitives.WriteInt64LittleEndian(page[16..], span);
        BinaryPrimitives.WriteInt64LittleEndian(page[24..], count);
    }

    /// <summary>Begins a command.</summary>
    internal void Begin(GuestCommand command)
    {
        Machine.SetInput((uint)command);
        Machine.Run();
    }

    /// <summary>Waits until the guest stops.</summary>
    internal KvmStatus Wait() => Machine.Wait(Patience);

    /// <summary>Runs a command to the pause behind it.</summary>
    internal void Do(GuestCommand command)
    {
        Begin(command);
        KvmStatus status = Wait();
        Assert.Equal((KvmState.Stopped, KvmStopReason.AskedForPause, (uint)command), (status.State, status.Reason, status.Code));
    }

    /// <summary>Reads or writes pages by a seed.</summary>
    /// <returns>The pages that the guest says it touched.</returns>
    internal HashSet<long> Touch(GuestCommand command, ulong seed, int count, long first = DataPage, long span = 4096)
    {
        SetParameters(seed, first, span, count);
        Do(command);
        var reports = new KvmProgress[count];
        Assert.Equal(count, Machine.ReadProgress(ref _nextReport, reports));
        _nextReport += count;
        ulong flag = command == GuestCommand.Write ? 1UL << 32 : 0;
        Assert.All(reports, report => Assert.Equal(flag, report.Counter & (1UL << 32)));
        return [.. reports.Select(report => (long)(uint)report.Counter)];
    }

    /// <summary>Throws the machine away and goes on in a new one, over the same memory, with the state of the old one.</summary>
    internal void MoveToNewMachine()
    {
        byte[] state = Machine.GetState();
        Machine.Dispose();
        Machine = new KvmMachine(Memory);
        Machine.SetState(state);
        _nextReport = 0;
    }

    internal byte[] Image()
    {
        byte[] image = new byte[Memory.Length];
        Memory.CopyPages(new Pfn(0), image, new GuestPageType[Memory.PageCount]);
        return image;
    }

    public void Dispose()
    {
        Machine.Dispose();
        Memory.Dispose();
    }
}
