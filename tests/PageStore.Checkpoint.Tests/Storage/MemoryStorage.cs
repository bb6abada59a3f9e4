namespace PageStore.Checkpoint.Tests;

/// <summary>A twin of the file: in memory, and failing when it is told to.</summary>
internal sealed class MemoryStorage(MemoryFile file, Fault? fault = null) : IStorage
{
    private readonly Lock _gate = new();
    private bool _killed;

    /// <summary>The run of the host unless a test says that there was another.</summary>
    public static Guid FirstRun { get; } = new("11111111-2222-4333-8444-555555555555");

    public string Name => "memory";

    public Guid HostRun { get; init; } = FirstRun;

    /// <summary>Unlimited, unless a test says what the medium tells of itself.</summary>
    public Func<long> FreeBytesOf { get; init; } = () => long.MaxValue;

    public long FreeBytes => FreeBytesOf();

    public bool Disposed { get; private set; }

    public long Length
    {
        get
        {
            lock (_gate)
            {
                return file.Length;
            }
        }
    }

    public void Read(long offset, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(Disposed, this);
        lock (_gate)
        {
            FailIfStruck(FaultTarget.Read);
            Copy(file.Content, offset, destination);
        }
    }

    public void ReadMedium(long offset, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(Disposed, this);
        lock (_gate)
        {
            FailIfStruck(FaultTarget.Read);
            Copy(file.Content, offset, destination);
            file.CopyMedium(offset, destination);
        }
    }

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        ObjectDisposedException.ThrowIf(Disposed, this);
        lock (_gate)
        {
            bool fails = Strikes(FaultTarget.Write);
            if (!fails)
            {
                WriteParts(offset, parts);
                return;
            }

            if (fault is { Short: true } && !_killed)
            {
                byte[] all = [.. parts.SelectMany(part => part.ToArray())];
                file.Do(new WriteOperation(offset, all[..(all.Length / 2)]));
            }

            throw Failure();
        }
    }

    public void Sync()
    {
        ObjectDisposedException.ThrowIf(Disposed, this);
        lock (_gate)
        {
            if (!Strikes(FaultTarget.Sync))
            {
                file.Do(new SyncOperation());
                return;
            }

            if (fault?.SyncKeeps is { } keeps && !_killed)
            {
                file.FailSync(keeps);
            }

            throw Failure();
        }
    }

    public void Truncate(long length) => Change(FaultTarget.Resize, new ResizeOperation(length));

    public bool TryPunch(long offset, long length)
    {
        Change(FaultTarget.Punch, new PunchOperation(offset, length));
        return true;
    }

    /// <summary>Nobody reads while a test writes.</summary>
    public long OldestHeld(long limit) => limit;

    /// <summary>The process that has it open is killed: whatever its threads still do has no effect.</summary>
    public void Kill()
    {
        lock (_gate)
        {
            _killed = true;
        }
    }

    public void Dispose() => Disposed = true;

    private static void Copy(ReadOnlySpan<byte> content, long offset, Span<byte> destination)
    {
        if (offset + destination.Length > content.Length)
        {
            throw Damage.At(offset, "the file is truncated");
        }

        content.Slice((int)offset, destination.Length).CopyTo(destination);
    }

    /// <summary>
    /// Each part is an operation of its own: how many parts go out in one system call depends on the timing of threads, and what is
    /// recorded must not.
    /// </summary>
    private void WriteParts(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            file.Do(new WriteOperation(offset, part.ToArray()));
            offset += part.Length;
        }
    }

    private void Change(FaultTarget target, FileOperation operation)
    {
        ObjectDisposedException.ThrowIf(Disposed, this);
        lock (_gate)
        {
            FailIfStruck(target);
            file.Do(operation);
        }
    }

    private bool Strikes(FaultTarget operation) => _killed || fault?.Strikes(operation) == true;

    private void FailIfStruck(FaultTarget operation)
    {
        if (Strikes(operation))
        {
            throw Failure();
        }
    }

    private StorageException Failure()
    {
        int errno = fault?.Errno ?? Fault.Eio;
        return new($"errno {errno} was asked for") { Errno = errno };
    }
}
