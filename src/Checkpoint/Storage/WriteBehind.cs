using System.Diagnostics;
using Microsoft.Extensions.ObjectPool;

namespace PageStore.Checkpoint;

/// <summary>
/// Writes chunks on a thread of its own, so that classifying, checksums and compression overlap with the writes. Chunks that follow
/// each other in the file go out in one gathered write. For one producer thread; the first error is kept and thrown at the
/// producer from then on. Disposing does not wait for what is queued: whoever wants it written drains first.
/// </summary>
internal sealed class WriteBehind : IDisposable
{
    /// <summary>Enough that the producer rarely waits while a gathered write is under way; 8.5 MiB in all.</summary>
    private const int ChunkLimit = 8;

    /// <summary>The most chunks in one write: half of them, so that the producer can fill the other half meanwhile.</summary>
    private const int GatherLimit = ChunkLimit / 2;

    /// <summary>Chunks of all writers: memory that was written to before costs no page faults again.</summary>
    private static readonly ObjectPool<WriteChunk> Chunks = new DefaultObjectPool<WriteChunk>(new DefaultPooledObjectPolicy<WriteChunk>(), ChunkLimit);

    private readonly IStorage _storage;
    private readonly Thread _thread;

    // Guards everything below; a chunk in _writing is read by the writing thread and by TryRead, and changed by neither.
    private readonly object _gate = new();
    private readonly Stack<WriteChunk> _free = new();
    private readonly List<WriteChunk> _queue = [];
    private readonly List<WriteChunk> _writing = [];
    private readonly List<ReadOnlyMemory<byte>> _parts = [];
    private int _created;
    private bool _stopping;
    private Exception? _failure;
    private long _writeTicks;

    public WriteBehind(IStorage storage)
    {
        _storage = storage;
        _thread = new Thread(Run) { IsBackground = true, Name = "PageStore writer" };
        _thread.Start();
    }

    /// <summary>How long the writing thread was inside writes, all in all.</summary>
    public TimeSpan WriteTime
    {
        get
        {
            lock (_gate)
            {
                return Stopwatch.GetElapsedTime(0, _writeTicks);
            }
        }
    }

    /// <summary>An empty chunk; waits while all are on their way.</summary>
    public WriteChunk Rent()
    {
        lock (_gate)
        {
            while (true)
            {
                ThrowIfFailed();
                if (_free.TryPop(out WriteChunk? chunk))
                {
                    return chunk;
                }

                if (_created < ChunkLimit)
                {
                    _created++;
                    return Chunks.Get();
                }

                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>Hands a filled chunk over; it must not be touched any more.</summary>
    public void Enqueue(WriteChunk chunk)
    {
        lock (_gate)
        {
            ThrowIfFailed();
            _queue.Add(chunk);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Gives a chunk back unwritten.</summary>
    public void Return(WriteChunk chunk)
    {
        lock (_gate)
        {
            _free.Push(chunk);
        }
    }

    /// <summary>Returns when everything handed over is written (not synced).</summary>
    public void Drain()
    {
        lock (_gate)
        {
            while (_failure is null && (_queue.Count > 0 || _writing.Count > 0))
            {
                Monitor.Wait(_gate);
            }

            ThrowIfFailed();
        }
    }

    /// <summary>Copies bytes that are still on their way; false where they are in the file already.</summary>
    public bool TryRead(long offset, Span<byte> destination)
    {
        lock (_gate)
        {
            return TryReadFrom(_queue, offset, destination) || TryReadFrom(_writing, offset, destination);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }

        _thread.Join();
        while (_free.TryPop(out WriteChunk? chunk))
        {
            Chunks.Return(chunk);
        }
    }

    private static bool TryReadFrom(List<WriteChunk> chunks, long offset, Span<byte> destination)
    {
        foreach (WriteChunk chunk in chunks)
        {
            if (chunk.TryRead(offset, destination))
            {
                return true;
            }
        }

        return false;
    }

    private void Run()
    {
        while (TryTake())
        {
            long start = Stopwatch.GetTimestamp();
            Exception? failure = Write();
            Finish(failure, Stopwatch.GetTimestamp() - start);
        }
    }

    private bool TryTake()
    {
        lock (_gate)
        {
            while (_queue.Count == 0 && !_stopping)
            {
                Monitor.Wait(_gate);
            }

            if (_stopping)
            {
                return false;
            }

            TakeNeighbours();
            return true;
        }
    }

    /// <summary>
    /// Takes the oldest chunk and those that continue it in the file. Chunks of other segments may stand between them in the queue:
    /// the order of writes within one commit does not matter, only that all are done before the sync.
    /// </summary>
    private void TakeNeighbours()
    {
        _parts.Clear();
        long end = _queue[0].Offset;
        for (int i = 0; i < _queue.Count && _writing.Count < GatherLimit;)
        {
            if (_queue[i].Offset != end)
            {
                i++;
                continue;
            }

            end = _queue[i].End;
            _parts.Add(_queue[i].Content);
            _writing.Add(_queue[i]);
            _queue.RemoveAt(i);
        }
    }

    private Exception? Write()
    {
        try
        {
            _storage.Write(_writing[0].Offset, _parts);
            return null;
        }
        catch (Exception failure)
        {
            // Of whatever kind it is: on this thread it would end the process, and the producer must hear of it.
            return failure;
        }
    }

    private void Finish(Exception? failure, long ticks)
    {
        lock (_gate)
        {
            _writeTicks += ticks;
            _failure ??= failure;
            foreach (WriteChunk chunk in _writing)
            {
                _free.Push(chunk);
            }

            _writing.Clear();
            if (_failure is not null)
            {
                _queue.Clear();
            }

            Monitor.PulseAll(_gate);
        }
    }

    private void ThrowIfFailed()
    {
        if (_failure is not null)
        {
            throw new StorageException(_failure.Message, _failure) { Errno = (_failure as StorageException)?.Errno ?? 0 };
        }
    }
}
