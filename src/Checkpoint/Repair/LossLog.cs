namespace PageStore.Checkpoint;

/// <summary>Keeps what is lost, as much of it as a report holds.</summary>
internal sealed class LossLog
{
    /// <summary>Enough to see what happened to a file; a damaged disk can lose any number of parts.</summary>
    private const int MaxListed = 10_000;

    private readonly List<LostPart> _listed = [];

    public IReadOnlyList<LostPart> Listed => _listed;

    public long Parts { get; private set; }

    public long Pages { get; set; }

    public void Add(EpochId? epoch, string part, CorruptDataException cause) => Add(new LostPart(epoch, null, part, cause.Offset, cause.Message));

    public void Add(EpochId? epoch, string part, string reason) => Add(new LostPart(epoch, null, part, null, reason));

    public void Add(LostPart part)
    {
        Parts++;
        if (_listed.Count < MaxListed)
        {
            _listed.Add(part);
        }
    }
}
