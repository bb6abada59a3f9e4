namespace PageStore.Checkpoint;

/// <summary>Where in a stream something stands, for the messages of errors: a record, or a header that has a name.</summary>
/// <param name="Name">The name of the record's type or of the header.</param>
/// <param name="Layer"><c>libxl</c> or <c>libxc</c> for a record, null for a header.</param>
/// <param name="Index">The 0-based number of the record in its layer.</param>
/// <param name="Offset">The offset of its first byte in the stream.</param>
internal readonly record struct StreamPlace(string Name, string? Layer, long Index, long Offset)
{
    public static StreamPlace Header(string name, long offset) => new(name, null, 0, offset);

    public override string ToString() =>
        Layer is null ? $"{Name} at offset {Offset}" : $"{Layer} record {Index} ({Name}) at offset {Offset}";

    /// <summary>An error at this place.</summary>
    /// <param name="what">What is wrong, as a clause that follows a colon, without a full stop.</param>
    /// <param name="offset">The exact offset, where that is not the beginning of the place.</param>
    /// <param name="pfn">The page concerned, if one is.</param>
    public CorruptDataException Corrupt(string what, long? offset = null, Pfn? pfn = null) =>
        new($"{this}: {what}. The stream is damaged or was not written by Xen; save the guest again, or copy the file again.")
        {
            Offset = offset ?? Offset,
            Pfn = pfn,
        };

    /// <summary>Something at this place that is not read.</summary>
    /// <param name="what">What it is, as a clause that follows a colon, without a full stop.</param>
    /// <param name="advice">What to do, as a whole sentence.</param>
    public UnsupportedException Unsupported(string what, string advice) => new($"{this}: {what}. {advice}");
}
