namespace PageStore.Checkpoint;

/// <summary>
/// Asks the medium, past the cache, whether it holds what the newest root brought: a writer that was not closed in order may
/// have ended at a sync that failed, after which the kernel takes pages for clean that never arrived (A. Rebello et al., "Can
/// Applications Recover from fsync Failures?", USENIX ATC 2020).
/// </summary>
internal static class MediumCheck
{
    /// <summary>Looks at all that the newest root reaches and the one before does not.</summary>
    /// <param name="storage">The file.</param>
    /// <param name="header">Its header.</param>
    /// <param name="newest">The newest root.</param>
    /// <param name="before">The root in the other slot, or null if there is none; then everything is looked at.</param>
    /// <returns>What is missing first, or null.</returns>
    public static CorruptDataException? FindLoss(IStorage storage, FileHeader header, FileRoot newest, RootSlot? before)
    {
        var medium = new MediumStorage(storage);
        try
        {
            if (!HoldsSlot(medium, header, newest))
            {
                return Damage.At(Layout.SlotOffset(newest.SlotIndex, 0), "the medium does not hold the newest root");
            }

            var root = new FileRoot(medium, header, newest.Slot, newest.SlotIndex);
            VerifyReport report = new Verifier(root, medium, null, default).RunSince(before);
            return report.Damage.Count > 0 ? report.Damage[0] : null;
        }
        catch (CorruptDataException loss)
        {
            return loss;
        }
    }

    /// <summary>Whether the medium holds the slot of the newest root.</summary>
    public static bool HoldsRoot(IStorage storage, FileHeader header, FileRoot newest) => HoldsSlot(new MediumStorage(storage), header, newest);

    /// <summary>Whether the medium holds the trees of a root by which everything else of it is found: without them it is no root to go back to.</summary>
    public static bool HoldsTrees(IStorage storage, FileHeader header, RootSlot root, int slotIndex)
    {
        try
        {
            var medium = new FileRoot(new MediumStorage(storage), header, root, slotIndex);
            Walk(TreeKind.SegmentTable, root.Segments);
            Walk(TreeKind.EpochDirectory, root.Directory);
            return true;

            void Walk(TreeKind kind, TreeRoot tree) => new TreeDiff(medium.Nodes, kind, static (_, _, _) => { }).Run(default, tree);
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }

    private static bool HoldsSlot(MediumStorage medium, FileHeader header, FileRoot newest) =>
        RootSlots.Read(medium, header)[newest.SlotIndex]?.Sequence == newest.Slot.Sequence;
}
