using System.Runtime.CompilerServices;

namespace PageStore.Checkpoint;

/// <summary>The marks of a part of the file: a bit for each granule, in up to four layers.</summary>
internal sealed class BlockWindow
{
    public const int GranuleShift = 12;

    /// <summary>64 KiB of packed blocks, 16 MiB of raw pages: a window costs 1 KiB or 2, however little of it is in use.</summary>
    public const int Granules = 1 << GranuleShift;

    private Layer _covered;
    private Layer _starts;

    // Only windows with nodes or records in them have these two.
    private Layer[]? _index;

    /// <summary>Granules that some block takes.</summary>
    public Span<ulong> Covered => _covered;

    /// <summary>Granules at which a block begins.</summary>
    public Span<ulong> Starts => _starts;

    /// <summary>Of these, the ones at which a node or a record begins.</summary>
    public Span<ulong> IndexStarts => (_index ??= new Layer[2])[0];

    /// <summary>Of these, the nodes whose children were visited.</summary>
    public Span<ulong> Expanded => (_index ??= new Layer[2])[1];

    /// <summary>Whether the block that begins at a granule is a node or a record.</summary>
    public bool IsIndex(int granule) => _index is not null && (_index[0][granule >> 6] >> granule & 1) != 0;

    [InlineArray(Granules / 64)]
    private struct Layer
    {
        private ulong _first;
    }
}
