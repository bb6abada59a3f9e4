namespace PageStore.Checkpoint.Tests;

/// <summary>The bytes of a file that outlive the storages over it, and what of them a loss of power would leave.</summary>
internal sealed class MemoryFile
{
    private readonly List<(long Offset, byte[] Bytes)> _unsynced = [];
    private byte[] _bytes = [];
    private byte[] _durable = [];

    public MemoryFile()
    {
    }

    public MemoryFile(byte[] content)
    {
        _bytes = content;
        _durable = content;
        Length = content.Length;
    }

    public long Length { get; set; }

    /// <summary>The writes since the last sync, in their order.</summary>
    public IReadOnlyList<(long Offset, byte[] Bytes)> Unsynced => _unsynced;

    public byte[] ToArray() => _bytes[..(int)Length];

    public ReadOnlySpan<byte> Slice(long offset, int length) => _bytes.AsSpan((int)offset, length);

    public void Write(long offset, ReadOnlySpan<byte> part)
    {
        _unsynced.Add((offset, part.ToArray()));
        Put(ref _bytes, offset, part);
        Length = Math.Max(Length, offset + part.Length);
    }

    public void Sync()
    {
        _unsynced.Clear();
        _durable = ToArray();
    }

    public void Truncate(long length)
    {
        Array.Clear(_bytes, (int)length, _bytes.Length - (int)length);
        Length = length;
    }

    /// <summary>The file after a loss of power: what was synced, and of the writes since then those that are chosen.</summary>
    /// <param name="survives">Which of <see cref="Unsynced"/>, by number.</param>
    public MemoryFile AfterPowerLoss(Func<int, bool> survives)
    {
        byte[] bytes = [.. _durable];
        for (int i = 0; i < _unsynced.Count; i++)
        {
            if (survives(i))
            {
                Put(ref bytes, _unsynced[i].Offset, _unsynced[i].Bytes);
            }
        }

        return new MemoryFile(bytes);
    }

    private static void Put(ref byte[] bytes, long offset, ReadOnlySpan<byte> part)
    {
        int end = (int)offset + part.Length;
        if (end > bytes.Length)
        {
            Array.Resize(ref bytes, end);
        }

        part.CopyTo(bytes.AsSpan((int)offset));
    }
}

/// <summary>What a fault strikes.</summary>
[Flags]
internal enum FaultTarget
{
    None = 0,
    Read = 1,
    Write = 2,
    Sync = 4,
}

/// <summary>A fault to come: the n-th operation of the kinds given fails.</summary>
/// <param name="Target">Which kinds of operation count and fail.</param>
/// <param name="Countdown">Which of them fails, from 1; all behind it fail too if <paramref name="Lasting"/>.</param>
/// <param name="Errno">What the failure is.</param>
/// <param name="Short">Whether a failing write writes its first half.</param>
/// <param name="Lasting">Whether the medium stays broken.</param>
internal sealed record Fault(FaultTarget Target, int Countdown, int Errno, bool Short = false, bool Lasting = false)
{
    public const int Eio = 5;
    public const int Enospc = 28;

    private int _left = Countdown;

    /// <summary>Whether the fault has struck.</summary>
    public bool Struck { get; private set; }

    public bool Strikes(FaultTarget operation)
    {
        if ((Target & operation) == 0 || (Struck && !Lasting))
        {
            return false;
        }

        Struck |= Interlocked.Decrement(ref _left) <= 0;
        return Struck;
    }
}

/// <summary>A twin of the file: in memory, and failing when it is told to.</summary>
internal sealed class MemoryStorage(MemoryFile file, Fault? fault = null) : IStorage
{
    private readonly Lock _gate = new();

    public string Name => "memory";

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
            if (offset + destination.Length > file.Length)
            {
                throw Damage.At(offset, "the file is truncated");
            }

            file.Slice(offset, destination.Length).CopyTo(destination);
        }
    }

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        ObjectDisposedException.ThrowIf(Disposed, this);
        lock (_gate)
        {
            byte[] all = [.. parts.SelectMany(part => part.ToArray())];
            bool fails = fault?.Strikes(FaultTarget.Write) == true;
            if (!fails || fault!.Short)
            {
                file.Write(offset, fails ? all.AsSpan(0, all.Length / 2) : all);
            }

            if (fails)
            {
                throw Failure();
            }
        }
    }

    public void Sync()
    {
        ObjectDisposedException.ThrowIf(Disposed, this);
        lock (_gate)
        {
            FailIfStruck(FaultTarget.Sync);
            file.Sync();
        }
    }

    public void Truncate(long length)
    {
        ObjectDisposedException.ThrowIf(Disposed, this);
        lock (_gate)
        {
            FailIfStruck(FaultTarget.Write);
            file.Truncate(length);
        }
    }

    public void Dispose() => Disposed = true;

    private void FailIfStruck(FaultTarget operation)
    {
        if (fault?.Strikes(operation) == true)
        {
            throw Failure();
        }
    }

    private StorageException Failure() => new($"errno {fault!.Errno} was asked for") { Errno = fault.Errno };
}
