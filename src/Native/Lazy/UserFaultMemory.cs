namespace PageStore.Native;

/// <summary>
/// Memory whose missing pages Linux's userfaultfd reports: a region of this process (<see cref="Register"/>), or the memory of another process that handed its descriptor
/// over (<see cref="UserFaultListener"/>). The faults of a virtual machine are served too, which takes a right: see <see cref="LinuxTrackingCapabilities.HasKernelFaults"/>.
/// Source: the kernel's Documentation/admin-guide/mm/userfaultfd.rst.
/// </summary>
/// <remarks>
/// Thread-safety as <see cref="ILazyMemory"/> says. In the process whose memory it is, no managed code may touch a missing page while managed code serves it: the garbage collector would
/// wait for the one, and the other for the collector. A <see cref="KvmMachine"/> may, as its processor's thread is native.
/// Once the last descriptor is closed, in this process and in others, missing pages read as zeros: end the guest before, unless <see cref="Release"/> was called.
/// </remarks>
public sealed class UserFaultMemory : ILazyMemory
{
    /// <summary>As many as one call of the system reads.</summary>
    private const int RawEvents = 16;

    private readonly LazyHandle _handle;
    private readonly LazyMappings _mappings;
    private readonly UserFaultPeer? _peer;
    private readonly MemoryRegion? _region;
    private readonly bool _wasWhole;

    // What the kernel told, and nobody has taken yet: one removal may lie in several parts.
    private readonly Queue<LazyMemoryEvent> _untold = [];
    private bool _ended;

    // Whether the kernel poisoned any page: none that was there already, or that the memory does not have any more.
    private bool _poisoned;

    internal UserFaultMemory(LazyHandle handle, LazyMappings mappings, UserFaultPeer peer)
    {
        _handle = handle;
        _mappings = mappings;
        _peer = peer;
    }

    private UserFaultMemory(LazyHandle handle, MemoryRegion region)
    {
        _handle = handle;
        _mappings = LazyMappings.Of(region);
        _region = region;
        _wasWhole = region.IsWhole;
        region.IsWhole = false;
    }

    /// <summary>Makes what is missing of a region wait for who brings it. Pages that are there already stay.</summary>
    /// <param name="memory">The region; it stays the caller's. No <see cref="LinuxDirtyLog"/> of it may run, and it cannot be captured, before <see cref="Release"/>.</param>
    /// <returns>The caller disposes it.</returns>
    /// <exception cref="UnsupportedException">The host has no userfaultfd for this process, or none for faults inside the kernel.</exception>
    /// <exception cref="StorageException">The kernel refused, as when another userfaultfd holds the memory.</exception>
    /// <exception cref="ObjectDisposedException">The region is disposed.</exception>
    public static UserFaultMemory Register(MemoryRegion memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        return new UserFaultMemory(LazyHandle.Register(memory), memory);
    }

    /// <inheritdoc/>
    public int PageSize => Environment.SystemPageSize;

    /// <inheritdoc/>
    public long PageCount => _mappings.PageCount;

    /// <summary>The process whose memory it is; 0 for this one, or where it is not known.</summary>
    public int ProcessId => _peer?.ProcessId ?? 0;

    internal LazyHandle Handle => _handle;

    /// <inheritdoc/>
    public LazyMemorySignals Wait(TimeSpan timeout)
    {
        if (_ended)
        {
            return LazyMemorySignals.Ended;
        }

        if (_untold.Count > 0)
        {
            return LazyMemorySignals.Events;
        }

        uint milliseconds = timeout == Timeout.InfiniteTimeSpan ? uint.MaxValue : (uint)Math.Clamp(Math.Ceiling(timeout.TotalMilliseconds), 0, int.MaxValue);
        ShimResult result = NativeMethods.LazyWait(_handle, _peer?.Descriptor ?? -1, milliseconds, out LazySignals ready, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, "Waiting for page faults");
        _ended = (ready & LazySignals.Peer) != 0 && _peer!.HasLeft();
        return ((ready & LazySignals.Events) != 0 ? LazyMemorySignals.Events : 0)
            | ((ready & LazySignals.Woken) != 0 ? LazyMemorySignals.Woken : 0)
            | (_ended ? LazyMemorySignals.Ended : 0);
    }

    /// <inheritdoc/>
    public void Wake()
    {
        try
        {
            ShimResult result = NativeMethods.LazyWake(_handle, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, "Waking the thread that serves page faults");
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
        }
    }

    /// <inheritdoc/>
    public int ReadEvents(Span<LazyMemoryEvent> events)
    {
        if (events.IsEmpty)
        {
            throw new ArgumentException("There is no room for an event.", nameof(events));
        }

        // An event of memory that nobody told of is nobody's: there may be others behind it.
        while (_untold.Count == 0 && ReadRaw(events.Length))
        {
        }

        int taken = 0;
        while (taken < events.Length && _untold.TryDequeue(out LazyMemoryEvent next))
        {
            events[taken++] = next;
        }

        return taken;
    }

    /// <inheritdoc/>
    public unsafe int Fill(Pfn first, ReadOnlySpan<byte> pages)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(pages.Length % PageSize, 0, nameof(pages));
        fixed (byte* content = pages)
        {
            return (int)ForEachMapping(first, pages.Length / PageSize, Action.Copy, content);
        }
    }

    /// <inheritdoc/>
    public unsafe long FillZero(Pfn first, long count) => ForEachMapping(first, count, Action.Zero, null);

    /// <inheritdoc/>
    public unsafe bool Poison(Pfn page) => ForEachMapping(page, 1, Action.Poison, null) == 1;

    /// <inheritdoc/>
    public void SetReady() => _peer?.Say(UserFaultPeer.Ready);

    /// <inheritdoc/>
    public void Release()
    {
        foreach (LazyMapping mapping in _mappings.All)
        {
            ReleasePart(mapping.Address, mapping.Count);
        }

        LetRemovalsGo();
        if (_region is not null)
        {
            // What a former resume left missing reads as zeros by now, and counts as being there.
            _region.IsWhole = _wasWhole && !_poisoned;
        }

        // In one go, so that nobody hears the second without the first.
        _peer?.Say(_poisoned ? $"{UserFaultPeer.Damaged}\n{UserFaultPeer.Complete}" : UserFaultPeer.Complete);
    }

    /// <summary>Closes the descriptor. May be called again. See the remarks on what is missing then.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        _peer?.Dispose();
    }

    /// <summary>
    /// Releases pages of one part. The kernel refuses all of a range if nothing of it is mapped any more, or if something else is mapped to some of it (userfaultfd_unregister, EINVAL): halves find what is still the
    /// guest's. That takes two calls for each page that is not, which a monitor seldom has.
    /// </summary>
    private void ReleasePart(ulong address, long count)
    {
        ulong bytes = (ulong)count * (ulong)PageSize;
        ShimResult result = NativeMethods.LazyRelease(_handle, address, bytes, out int errno);
        if (errno == NativeErrors.Einval && count > 1)
        {
            long half = count / 2;
            ReleasePart(address, half);
            ReleasePart(address + ((ulong)half * (ulong)PageSize), count - half);
            return;
        }

        // A guest that has gone, or that unmapped its memory, needs nothing more.
        if (errno is not (NativeErrors.Esrch or NativeErrors.Einval or NativeErrors.Enomem))
        {
            NativeErrors.ThrowIfFailed(result, errno, $"Releasing {bytes} bytes of memory");
        }
    }

    /// <summary>
    /// Whoever was giving pages up when the memory was released waits until that is read, or until the last descriptor is closed, which may be the guest's own. Nothing is registered
    /// any more, so that a page is refused for that alone, and no new removal waits.
    /// </summary>
    private unsafe void LetRemovalsGo()
    {
        ulong address = _mappings.All[0].Address;
        while (!_ended)
        {
            _ = NativeMethods.LazyZero(_handle, address, (ulong)PageSize, out _, out int errno);
            if (errno != NativeErrors.Eagain)
            {
                break;
            }

            // Between the refusal and the event there is a moment, and one between its end and the reading.
            Wait(TimeSpan.FromMilliseconds(1));
            ReadRaw(RawEvents);
            _untold.Clear();
        }

        _untold.Clear();
    }

    /// <summary>Reads what the kernel tells; false if that is nothing.</summary>
    private unsafe bool ReadRaw(int most)
    {
        LazyRawEvent* raw = stackalloc LazyRawEvent[RawEvents];
        ShimResult result = NativeMethods.LazyRead(_handle, raw, (ulong)Math.Min(most, RawEvents), out ulong count, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, "Reading page faults");
        for (int i = 0; i < (int)count; i++)
        {
            _mappings.Translate(raw[i], _untold);
        }

        return count > 0;
    }

    private unsafe long ForEachMapping(Pfn first, long count, Action action, byte* content)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first.Value, nameof(first));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        if (_untold.Count > 0)
        {
            return 0;
        }

        long at = 0;
        while (at < count && !_ended)
        {
            long length = _mappings.Find(first + at, count - at, out ulong address);
            bool waits = false;
            at += address == 0 ? length : Act(action, address, content is null ? null : content + (at * PageSize), length, out waits);
            if (waits)
            {
                return at;
            }
        }

        return count;
    }

    /// <summary>Acts on pages of one part; says how many of the first are dealt with, at least one unless events must be read before.</summary>
    private unsafe long Act(Action action, ulong address, byte* content, long count, out bool waits)
    {
        ulong bytes = (ulong)count * (ulong)PageSize;
        ulong done;
        ulong poisoned = 0;
        int errno;
        ShimResult result = action switch
        {
            Action.Copy => NativeMethods.LazyCopy(_handle, address, content, bytes, out done, out errno),
            Action.Zero => NativeMethods.LazyZero(_handle, address, bytes, out done, out errno),
            _ => NativeMethods.LazyPoison(_handle, address, bytes, out done, out poisoned, out errno),
        };
        _poisoned |= poisoned > 0;
        if (action == Action.Poison && errno == NativeErrors.Einval)
        {
            throw NativeErrors.Unsupported(errno, $"Poisoning the page at 0x{address:x}", "run Linux 6.6 or newer, or restore from an epoch that is not damaged.");
        }

        NativeErrors.ThrowIfFailed(result, errno, $"Bringing {bytes} bytes of memory to 0x{address:x}");
        waits = errno == NativeErrors.Eagain;
        _ended |= errno == NativeErrors.Esrch;
        long pages = (long)(done / (ulong)PageSize);
        if (errno != NativeErrors.Enoent || pages > 0)
        {
            return pages;
        }

        // So the kernel says that the memory is gone, and also that it cannot go over the border of two of its own mappings in one call: halves find it.
        return count == 1 ? 1 : Act(action, address, content, count / 2, out waits);
    }

    private enum Action
    {
        Copy,
        Zero,
        Poison,
    }
}
