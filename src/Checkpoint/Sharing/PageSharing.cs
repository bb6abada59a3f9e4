namespace PageStore.Checkpoint;

/// <summary>What finds of a page that is to be stored what is stored already. For one thread.</summary>
/// <param name="Twins">Finds blocks with the same content.</param>
/// <param name="Patcher">Stores what differs from the page before.</param>
internal sealed record PageSharing(PageTwins Twins, PagePatcher Patcher);
