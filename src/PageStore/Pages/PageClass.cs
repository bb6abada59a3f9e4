namespace PageStore;

/// <summary>What kind of content a page has; it decides how the page is kept.</summary>
public enum PageClass : byte
{
    /// <summary>The guest has no page there: a hole, or ballooned out. Reads as zeros, costs nothing.</summary>
    Absent = 0,

    /// <summary>Every byte is zero. Costs nothing.</summary>
    Zero = 1,

    /// <summary>One 64-bit word over and over, and not zero: a poison pattern, a cleared frame buffer. Kept as that word.</summary>
    Repeated = 2,

    /// <summary>Anything else.</summary>
    Data = 3,
}
