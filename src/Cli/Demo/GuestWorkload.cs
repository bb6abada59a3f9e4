using System.Buffers.Binary;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>
/// The program of Guest/workload.c, for a <see cref="KvmMachine"/>: it works on tables in its memory, checks what it reads and reports how far it is. Everything that it
/// does follows from what is set here. Immutable.
/// </summary>
internal sealed record GuestWorkload
{
    /// <summary>What the input asks for together with a number: after the check, the end.</summary>
    public const uint RequestEnd = 0x8000_0000;

    /// <summary>An input with which a guest that comes to <see cref="EndOperations"/> waits there until the input is another.</summary>
    public const uint RequestWait = 0x4000_0000;

    // Guest/machine.h: where the program and its two pages are.
    private const long ParametersAddress = 0x80000;
    private const long StateAddress = 0x81000;
    private const long ProgramAddress = 0x100000;

    /// <summary>Guest/workload.h, MAGIC.</summary>
    private const ulong Magic = 0x44414f4c4b524f57;

    /// <summary>From what its content and its work are drawn.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How much memory it works in, in bytes; at least 256 KiB, and 2 MiB less than it has at most.</summary>
    public required long WorkingBytes { get; init; }

    /// <summary>How much of its memory holds something, in bytes; what the working set leaves of it is filled once, with pages that do not compress.</summary>
    public long ConfiguredBytes { get; init; }

    /// <summary>After how many operations it turns to another part of its working set.</summary>
    public long PhaseOperations { get; init; } = 1_000_000;

    /// <summary>After how many operations it reports, and looks at its input.</summary>
    public long ReportOperations { get; init; } = 10_000;

    /// <summary>After how many operations it looks at a page outside of its working set; 0 for never.</summary>
    public long ColdOperations { get; init; }

    /// <summary>After how many operations it checks everything and ends; 0 for never.</summary>
    public long EndOperations { get; init; }

    /// <summary>Makes the machine's memory and processor ready to run it.</summary>
    /// <param name="memory">The machine's memory, all zero.</param>
    /// <param name="machine">The machine.</param>
    /// <exception cref="UnsupportedException">The program was not built, as on another processor than x86-64.</exception>
    public void Load(MemoryRegion memory, KvmMachine machine)
    {
        machine.Load(Program(), ProgramAddress, ProgramAddress);
        ReadOnlySpan<ulong> parameters =
        [
            Magic, Seed, (ulong)WorkingBytes, (ulong)ConfiguredBytes, (ulong)PhaseOperations, (ulong)ReportOperations, (ulong)ColdOperations, (ulong)EndOperations,
        ];
        Span<byte> page = memory.GetSpan(ParametersAddress, memory.PageSize);
        for (int i = 0; i < parameters.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page[(i * sizeof(ulong))..], parameters[i]);
        }
    }

    /// <summary>How far a guest that stands is.</summary>
    /// <param name="memory">Its memory, or a copy of it.</param>
    public static GuestWorkloadState StateOf(IGuestMemory memory)
    {
        byte[] page = new byte[memory.PageSize];
        memory.CopyPages(new Pfn(StateAddress / memory.PageSize), page, new GuestPageType[1]);
        return new GuestWorkloadState(Word(0) == Magic, (long)Word(1), Word(2), Word(3));

        ulong Word(int i) => BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(i * sizeof(ulong)));
    }

    /// <summary>What it means that the guest ended with a code.</summary>
    public static string Describe(uint code) => code switch
    {
        0 => "all was well",
        1 => "its parameters do not fit its memory",
        2 => "a record of its table is damaged",
        3 => "a record of its table is missing",
        4 => "the records of its table do not add up to its writes",
        5 => "a node of its tree is damaged",
        6 => "its tree is not sorted",
        7 => "the nodes of its tree do not add up to its writes",
        8 => "its journal is damaged",
        9 => "a page that it filled and never wrote again is damaged",
        _ => $"unknown code {code}",
    };

    private static byte[] Program()
    {
        using Stream resource = typeof(GuestWorkload).Assembly.GetManifestResourceStream("workload.bin")
            ?? throw new UnsupportedException("The guest's program was built for x86-64 only: run on such a host.");
        byte[] program = new byte[resource.Length];
        resource.ReadExactly(program);
        return program;
    }
}
