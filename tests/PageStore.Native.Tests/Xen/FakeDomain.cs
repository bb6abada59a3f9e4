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
    Version,
    Param,
    Tsc,
    Context,
    Policy,
    Resume,
    StoreOpen,
    StoreRead,
    StoreWrite,
    StoreCommit,
    StoreResumed,
    Tables,
    Frames,
    CallOpen,
    Multicall,
}

/// <summary><c>enum fake_manners</c>: how the guest answers a request to suspend.</summary>
public enum FakeManners : uint
{
    Suspends,
    Deaf,
    LastMoment,
    Stuck,
    Crashes,
}

/// <summary>A text of a fake, NUL-terminated.</summary>
[System.Runtime.CompilerServices.InlineArray(64)]
internal struct FakeText
{
    private byte _first;

    internal void Set(string text)
    {
        ((Span<byte>)this).Clear();
        System.Text.Encoding.UTF8.GetBytes(text, this);
    }

    internal readonly string Get() => System.Text.Encoding.UTF8.GetString(((ReadOnlySpan<byte>)this)[..((ReadOnlySpan<byte>)this).IndexOf((byte)0)]);
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
    internal uint FailingAfter;
    internal FakeManners Manners;
    internal uint Looks;
    internal uint Conflicts;
    internal uint Resumes;
    internal uint Told;
    internal uint Stores;
    internal uint Transactions;
    internal uint Policies;
    internal fixed ulong Params[40];
    internal FakeText Request;
    internal FakeText Name;
    internal FakeText Twin;
    internal FakeText StartTime;

    internal uint Narrow;
    internal uint Tables;
    internal uint GrantMaps;
    internal byte* Context;
    internal ulong ContextBytes;
    internal ulong PartsBytes;
    internal uint Infos;
    internal uint Questions;
    internal uint Multicalls;
}
