namespace PageStore.Native;

/// <summary>
/// What Xen counted from one harvest of a domain's log to the next (<c>struct xen_domctl_shadow_op_stats</c>). For people: how many
/// pages were written, the bitmap says.
/// </summary>
/// <param name="Faults">Faults that the log cost under shadow paging; 0 under hardware-assisted paging.</param>
/// <param name="Dirtied">How many pages were marked as written.</param>
public readonly record struct XenLogStatistics(long Faults, long Dirtied);
