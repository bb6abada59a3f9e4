namespace PageStore.Checkpoint;

/// <summary>A read that is under way: which parts of it came. Used again for the next one. For one thread.</summary>
internal sealed class NbdRead
{
    /// <summary>Parts with gaps between them; a server that sends in order makes one, and one that sends backwards as well.</summary>
    private const int MaxParts = 1024;

    /// <summary>What came, by ascending place, neighbours joined.</summary>
    private readonly List<(int Start, int End)> _came = [];

    /// <summary>Where on the disk it begins.</summary>
    public ulong Offset { get; private set; }

    /// <summary>What the reply names it by.</summary>
    public ulong Cookie { get; private set; }

    /// <summary>What is filled.</summary>
    public Memory<byte> Destination { get; private set; }

    /// <summary>Whether its last chunk came.</summary>
    public bool IsDone { get; set; }

    /// <summary>What the server says is wrong; null while it says nothing.</summary>
    public string? Failure { get; set; }

    /// <summary>Whether all of it came.</summary>
    public bool IsWhole => _came.Count == 1 && _came[0] == (0, Destination.Length);

    public void Begin(ulong cookie, long offset, Memory<byte> destination)
    {
        (Cookie, Offset, Destination, IsDone, Failure) = (cookie, (ulong)offset, destination, false, null);
        _came.Clear();
    }

    /// <summary>Takes note of a part that comes now.</summary>
    /// <param name="offset">Where on the disk it is.</param>
    /// <param name="length">How long it is.</param>
    /// <returns>Where it goes; null where it lies outside of what was asked for, overlaps what came before, or makes too many parts.</returns>
    public Memory<byte>? TryTake(ulong offset, uint length)
    {
        ulong at = offset - Offset;
        if (offset < Offset || length == 0 || at > (ulong)Destination.Length || length > (ulong)Destination.Length - at)
        {
            return null;
        }

        (int start, int end) = ((int)at, (int)(at + length));
        int index = _came.Count;
        while (index > 0 && _came[index - 1].Start >= end)
        {
            index--;
        }

        bool overlaps = index > 0 && _came[index - 1].End > start;
        if (overlaps || !TryJoin(index, start, end))
        {
            // Not as the other half of a conditional expression: there null would become an empty memory.
            return null;
        }

        return Destination[start..end];
    }

    /// <summary>Puts a part between its neighbours, and joins it with those that it touches; false where it makes too many parts.</summary>
    private bool TryJoin(int index, int start, int end)
    {
        bool joinsBefore = index > 0 && _came[index - 1].End == start;
        bool joinsBehind = index < _came.Count && _came[index].Start == end;
        if (!joinsBefore && !joinsBehind)
        {
            if (_came.Count == MaxParts)
            {
                return false;
            }

            _came.Insert(index, (start, end));
            return true;
        }

        int first = joinsBefore ? index - 1 : index;
        int last = joinsBehind ? index : index - 1;
        _came[first] = (joinsBefore ? _came[first].Start : start, joinsBehind ? _came[last].End : end);
        if (last > first)
        {
            _came.RemoveAt(last);
        }

        return true;
    }
}
