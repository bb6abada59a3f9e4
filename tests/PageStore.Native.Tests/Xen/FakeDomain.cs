using System.Runtime.InteropServices;

namespace PageStore.Native.Tests;

/// <summary><c>enum fake_call</c>: what can be made to fail.</summary>
public enum FakeCall : uint
{
    None,
    Open,
    Info,
    Pages,
    Enable,
    Off,
    Peek,
    Clean,
    Pause,
    Unpause,
    Types,
    Buffer,
    ForeignOpen,
    Map,
    Unmap,
    GrantSize,
    GrantMap,
}

/// <summary><c>struct fake_domain</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FakeDomain
{
    internal byte* Memory;
    internal byte* Types;
    internal byte* Dirty;
    internal ulong Pages;
    internal ulong AllocatedPages;
    internal fixed byte Uuid[16];
    internal uint DomainId;
    internal uint Exists;
    internal uint Flags;
    internal uint Enabled;
    internal uint FaultCount;
    internal uint DirtyCount;
    internal uint Pauses;

    internal FakeCall FailingCall;
    internal int FailingErrno;
    internal FakeCall DyingCall;
    internal uint ShortPages;
    internal uint DirtyTail;
    internal long FinalPage;
    internal long VanishingPage;
    internal int PageErrno;

    internal uint Enables;
    internal uint Offs;
    internal uint Cleans;
    internal uint Interfaces;
    internal uint Buffers;
    internal uint Mappings;
    internal uint MappedPages;

    internal byte* Grants;
    internal uint GrantFrames;
    internal uint GrantVersion;
}
