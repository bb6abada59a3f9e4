namespace PageStore.Checkpoint.Tests;

/// <summary>
/// The bytes of a file that outlive the storages over it: what the cache of the host holds, what is on the medium beneath, and a
/// record of all that was done.
/// </summary>
internal sealed class MemoryFile(ReadOnlySpan<byte> content)
{
    private readonly List<FileOperation> _operations = [];
    private readonly FileImage _cache = new(content);

    // What the medium holds once all is written back that still can be; null while that is what the cache holds.
    private FileImage? _medium;

    public MemoryFile()
        : this([])
    {
    }

    /// <summary>What the medium held before the first operation.</summary>
    public byte[] Start { get; } = content.ToArray();

    /// <summary>Everything that was done, in its order.</summary>
    public IReadOnlyList<FileOperation> Operations => _operations;

    public long Length => _cache.Length;

    public ReadOnlySpan<byte> Content => _cache.Content;

    /// <summary>Whether reads show what the medium does not hold.</summary>
    public bool Lies => _medium is not null;

    /// <summary>What the medium holds of a range; behind its end there are zeros, since the length is the cache's.</summary>
    public void CopyMedium(long offset, Span<byte> destination)
    {
        ReadOnlySpan<byte> medium = (_medium ?? _cache).Content;
        medium = medium[(int)Math.Min(offset, medium.Length)..];
        int count = Math.Min(medium.Length, destination.Length);
        medium[..count].CopyTo(destination);
        destination[count..].Clear();
    }

    public byte[] ToArray() => Content.ToArray();

    public void Do(FileOperation operation)
    {
        _operations.Add(operation);
        operation.ApplyTo(_cache);
        if (_medium is not null)
        {
            operation.ApplyTo(_medium);
        }
    }

    /// <summary>Fails to sync: of what was not synced, the medium gets what is chosen, and the cache forgets that the rest is not there.</summary>
    public void FailSync(Func<int, int, bool> keeps)
    {
        FileImage medium = new Replay(Start, _operations).After(keeps);
        _operations.Add(new FailedSyncOperation(medium.Content.ToArray()));
        _medium = medium;
    }

    /// <summary>The file after a loss of power: what was synced, and what is chosen of the operations since then.</summary>
    /// <param name="survives">Operation and sector, by number.</param>
    public MemoryFile AfterPowerLoss(Func<int, int, bool> survives) => new(new Replay(Start, _operations).After(survives).Content);
}
