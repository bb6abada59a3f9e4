namespace PageStore;

/// <summary>What a harvest of accessed bits found, and what it cost the guest, which stood still for it.</summary>
/// <param name="Spaces">Address spaces in which a processor was seen, whose bits are cleared.</param>
/// <param name="OtherSpaces">Those known by the look of their root alone, which are only read: a page of theirs is reported when it is first accessed, not again.</param>
/// <param name="Tables">Page tables below all of these.</param>
/// <param name="TablesRead">How many of them were read for this harvest: new ones, and those written since the last.</param>
/// <param name="BitsCleared">Accessed bits that were cleared.</param>
/// <param name="LargePages">Mappings of 2 MiB or 1 GiB. What is accessed through them is not told.</param>
/// <param name="IsComplete">Whether all tables were walked. There is a limit, so that what a guest's tables say cannot hold the host up.</param>
/// <param name="Elapsed">The time that all of this took.</param>
public readonly record struct PageTableHarvest(
    int Spaces, int OtherSpaces, int Tables, int TablesRead, long BitsCleared, long LargePages, bool IsComplete, TimeSpan Elapsed);
