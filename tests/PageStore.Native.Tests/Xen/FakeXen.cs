using System.Runtime.InteropServices;

namespace PageStore.Native.Tests;

/// <summary>Which prototypes the fake libxenctrl has.</summary>
public enum FakeRelease
{
    UpTo415,
    From416,
}

/// <summary>
/// A host with one guest, whose memory and dirty log the test plays. Each instance has its libraries in a directory of its own,
/// which makes them libraries of their own for the dynamic linker: tests do not meet.
/// </summary>
internal sealed unsafe class FakeXen : IDisposable
{
    internal const uint DomainId = 7;
    internal const int PageBytes = 4096;
    internal const uint DyingFlag = 1;
    internal const uint HvmFlag = 2;
    internal const int GrantFrames = 2;
    internal const uint ShutdownFlag = 4;
    internal const string CallLibrary = "libxencall.so.1";

    internal static readonly Guid Uuid = new("8a4be5d0-1c2f-4f58-9b1e-0d6f2a7c9e31");

    private readonly FakeDomain* _domain;
    private readonly ulong _capacity;

    internal FakeXen(FakeRelease release = FakeRelease.From416, int pages = 1000)
    {
        _capacity = (ulong)pages + 64;
        _domain = (FakeDomain*)NativeMemory.AllocZeroed((nuint)sizeof(FakeDomain));
        _domain->Memory = (byte*)NativeMemory.AllocZeroed((nuint)_capacity, PageBytes);
        _domain->Types = (byte*)NativeMemory.AllocZeroed((nuint)_capacity);
        _domain->Dirty = (byte*)NativeMemory.AllocZeroed((nuint)_capacity);
        _domain->Pages = (ulong)pages;
        _domain->AllocatedPages = (ulong)pages;
        _domain->DomainId = DomainId;
        _domain->Exists = 1;
        _domain->Flags = HvmFlag;
        _domain->FinalPage = -1;
        _domain->VanishingPage = -1;
        _domain->Grants = (byte*)NativeMemory.AllocZeroed(GrantFrames, PageBytes);
        (_domain->GrantFrames, _domain->GrantVersion) = (GrantFrames, 1);
        Uuid.ToByteArray(bigEndian: true).CopyTo(new Span<byte>(_domain->Uuid, 16));
        Control = release == FakeRelease.UpTo415
            ? Install("fake_xenctrl_4_15.so", Libraries, "libxenctrl.so.4.15")
            : Install("fake_xenctrl_4_16.so", Libraries, "libxenctrl.so.4.17");
        _ = Install("fake_xenforeignmemory.so", Libraries, "libxenforeignmemory.so.1");
        _ = Install("fake_xencall.so", Libraries, CallLibrary);
        _ = Install("fake_xenstore.so", Libraries, release == FakeRelease.UpTo415 ? "libxenstore.so.3.0" : "libxenstore.so.4");
        if (release == FakeRelease.From416)
        {
            _ = Install("fake_xenguest.so", Libraries, "libxenguest.so.4.17");
        }
    }

    internal ref FakeDomain Domain => ref *_domain;

    /// <summary>Where the libraries are.</summary>
    internal string Libraries { get; } = Directory.CreateTempSubdirectory("fake-xen").FullName;

    /// <summary>The file of the libxenctrl.</summary>
    internal string Control { get; }

    /// <summary>The pages written since the log was last cleaned, while it was on: the oracle.</summary>
    internal HashSet<long> Written { get; } = [];

    public void Dispose()
    {
        NativeMemory.Free(_domain->Memory);
        NativeMemory.Free(_domain->Types);
        NativeMemory.Free(_domain->Dirty);
        NativeMemory.Free(_domain->Grants);
        NativeMemory.Free(_domain->Context);
        NativeMemory.Free(_domain);
        Directory.Delete(Libraries, recursive: true);
    }

    internal XenDomain Open() => XenDomain.Open(DomainId, Libraries);

    /// <summary>The guest writes into pages.</summary>
    internal void Write(params ReadOnlySpan<long> pages)
    {
        foreach (long page in pages)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)page, _domain->Pages, nameof(pages));
            _domain->Memory[(page * PageBytes) + (page % PageBytes)]++;
            if (_domain->Enabled != 0)
            {
                _domain->Dirty[page / 8] |= (byte)(1 << (int)(page % 8));
                _domain->DirtyCount++;
                Written.Add(page);
            }
        }
    }

    internal Span<byte> Page(long page) => new(_domain->Memory + (page * PageBytes), PageBytes);

    internal void SetType(long page, GuestPageType type) => _domain->Types[page] = (byte)type;

    /// <summary>Fills an entry of the grant table, of version 1.</summary>
    internal void Grant(int entry, ushort flags, uint frame)
    {
        byte* to = _domain->Grants + (entry * 8);
        (*(ushort*)to, *(uint*)(to + 4)) = (flags, frame);
    }

    /// <summary>Fills an entry of the grant table, of version 2.</summary>
    internal void GrantVersion2(int entry, ushort flags, ulong frame)
    {
        byte* to = _domain->Grants + (entry * 16);
        (*(ushort*)to, *(ulong*)(to + 8)) = (flags, frame);
        _domain->GrantVersion = 2;
    }

    /// <summary>From now on a call fails, once it went well so many times.</summary>
    internal void Fail(FakeCall call, int errno, uint after = 0) =>
        (_domain->FailingCall, _domain->FailingErrno, _domain->FailingAfter) = (call, errno, after);

    /// <summary>The guest gets more pages, up to 64.</summary>
    internal void Grow(uint pages)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_domain->Pages + pages, _capacity, nameof(pages));
        _domain->Pages += pages;
    }

    /// <summary>The domain was built for a device model (HVM_PARAM_IOREQ_SERVER_PFN).</summary>
    internal void SetDeviceModel() => _domain->Params[32] = 0xfeff0;

    /// <summary>What Xen tells of its devices and processors.</summary>
    internal void SetContext(ReadOnlySpan<byte> context)
    {
        NativeMemory.Free(_domain->Context);
        _domain->Context = (byte*)NativeMemory.Alloc((nuint)context.Length);
        _domain->ContextBytes = (ulong)context.Length;
        context.CopyTo(new Span<byte>(_domain->Context, context.Length));
    }

    /// <summary>The number goes to a domain with another UUID.</summary>
    internal void ReplaceByAnother() => _domain->Uuid[0] ^= 1;

    /// <summary>Puts a fake into a directory under a name, and attaches the domain to it.</summary>
    internal string Install(string fake, string directory, string name)
    {
        string path = Path.Combine(directory, name);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "xen", fake), path);
        nint library = NativeLibrary.Load(path);
        ((delegate* unmanaged<FakeDomain*, void>)NativeLibrary.GetExport(library, "fake_attach"))(_domain);
        return path;
    }
}
