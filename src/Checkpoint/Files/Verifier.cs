namespace PageStore.Checkpoint;

/// <summary>
/// Checks everything below one root, each shared part once: an epoch is compared with its parent, or with the epoch before, and only
/// where they differ is anything read.
/// </summary>
internal sealed class Verifier(FileRoot root, IStorage storage, IProgress<long>? progress, CancellationToken cancellationToken)
{
    /// <summary>A damaged file can hold any number of damages; the first ones tell enough.</summary>
    private const int MaxDamages = 1000;

    /// <summary>Pages between two reports of progress: 16 MiB of 4 KiB pages.</summary>
    private const long ProgressStep = 4096;

    /// <summary>
    /// The largest guest, 1 TiB of 4 KiB pages, whose sets are decoded, which takes up to 32 MiB twice: a few bytes in the file can claim a
    /// guest of any size. Of larger ones the sums are checked.
    /// </summary>
    public const long MaxSetPages = 1L << 28;

    private readonly List<CorruptDataException> _damage = [];
    private readonly List<string> _warnings = [];
    private readonly byte[] _page = new byte[root.Header.PageSize];
    private readonly byte[] _chunk = new byte[Layout.ChunkSize];
    private long _epochs;
    private long _pages;

    public VerifyReport Run()
    {
        Guard(default, "spare copies", CheckSpareCopies);
        Guard(default, "session table", () => CheckSessions(default));
        Guard(default, "segment table", () => CheckTree(root.Slot.Segments, TreeKind.SegmentTable, CheckSegment));
        foreach (EpochId id in EpochIds())
        {
            Guard(id, "record", () => CheckEpoch(id));
            _epochs++;
        }

        progress?.Report(_pages);
        return new VerifyReport(_epochs, _pages, _damage, _warnings);
    }

    /// <summary>
    /// Checks only what the root reaches and one before it did not; epochs of both are taken for good. What cannot be read of the trees of the earlier one is not held against this one: a loss of power can bring a root back
    /// whose blocks were written over, since it was in no slot any more. What it may have had is checked then.
    /// </summary>
    /// <param name="before">The earlier root; null checks everything.</param>
    public VerifyReport RunSince(RootSlot? before)
    {
        Guard(default, "session table", () => CheckSessions(before?.Sessions ?? default));
        Guard(default, "segment table", () => CheckSince(root.Nodes, TreeKind.SegmentTable, before?.Segments ?? default, root.Slot.Segments, CheckSegment));
        List<EpochId> ids = [];
        Guard(default, "epoch directory", () => CheckSince(root.Nodes, TreeKind.EpochDirectory, before?.Directory ?? default, root.Slot.Directory, (key, entry) => AddId(ids, key, entry)));
        foreach (EpochId id in ids)
        {
            Guard(id, "record", () => CheckEpoch(id));
            _epochs++;
        }

        return new VerifyReport(_epochs, _pages, _damage, _warnings);
    }

    /// <summary>As <see cref="Run"/>, and checks what no reader needs.</summary>
    public VerifyReport RunDeep()
    {
        VerifyReport report = Run();
        HashSet<long?> known = [.. _damage.Select(damage => damage.Offset)];
        SpaceReport space = new DeepVerifier(root, AddIfNew, cancellationToken).Run();
        return report with { Space = space };

        void AddIfNew(CorruptDataException damage)
        {
            if (_damage.Count < MaxDamages && !known.Contains(damage.Offset))
            {
                _damage.Add(damage);
            }
        }
    }

    private void CheckSpareCopies()
    {
        Span<byte> bytes = stackalloc byte[Layout.HeaderSize];
        foreach (long offset in (ReadOnlySpan<long>)[Layout.HeaderOffset, Layout.HeaderCopyOffset])
        {
            storage.Read(offset, bytes);
            if (FileHeader.TryRead(bytes, offset) is not { } header || (header.Encryption is { } encryption && root.Header.Keys?.IsHeaderMac(encryption) != true))
            {
                _warnings.Add($"offset {offset}: a copy of the header is damaged; the other one is used");
            }
        }

        for (int slot = 0; slot < Layout.SlotCount; slot++)
        {
            for (int copy = 0; copy < Layout.SlotCopies; copy++)
            {
                CheckSlotCopy(Layout.SlotOffset(slot, copy), bytes);
            }
        }
    }

    private void CheckSlotCopy(long offset, Span<byte> bytes)
    {
        storage.Read(offset, bytes);
        bool neverWritten = root.Slot.Sequence == 1 && !bytes.ContainsAnyExcept((byte)0);
        if (!neverWritten && RootSlot.TryRead(bytes, offset, root.Header) is null)
        {
            _warnings.Add($"offset {offset}: a copy of a root slot is torn or damaged; another one is used");
        }
    }

    /// <summary>The ids in the directory, as far as it can be read.</summary>
    private List<EpochId> EpochIds()
    {
        List<EpochId> ids = [];
        Guard(default, "epoch directory", () => CheckTree(root.Slot.Directory, TreeKind.EpochDirectory, (key, entry) => AddId(ids, key, entry)));
        if (ids.Count != root.Slot.EpochCount && _damage.Count == 0)
        {
            _damage.Add(Damage.At(Layout.SlotOffset(root.SlotIndex, 0), $"the root counts {root.Slot.EpochCount} epochs, the directory holds {ids.Count}"));
        }

        return ids;
    }

    private void AddId(List<EpochId> ids, long key, Entry entry)
    {
        if (key < 1 || key >= root.Slot.NextEpoch.Value)
        {
            throw Damage.At(root.Slot.Directory.Root.Offset, $"the directory holds an epoch {key}, and the next one is {root.Slot.NextEpoch}");
        }

        if (entry.Kind == EntryKind.Record)
        {
            ids.Add(new EpochId(key));
        }
    }

    private void CheckTree(TreeRoot tree, TreeKind kind, Action<long, Entry> leaf) =>
        new TreeDiff(root.Nodes, kind, (key, before, after) => leaf(key, after)).Run(default, tree);

    /// <summary>Visits the leaves of a tree that hold something, and not what they held in an earlier version.</summary>
    private static void CheckSince(NodeReader nodes, TreeKind kind, TreeRoot before, TreeRoot after, Action<long, Entry> leaf)
    {
        var diff = new TreeRunDiff(nodes, kind)
        {
            Visit = (key, _, _, entry) =>
            {
                if (entry.Kind != EntryKind.Absent)
                {
                    leaf(key, entry);
                }
            },
            Lost = static (_, _, cause) => throw cause,
        };
        diff.Run(before, after);
    }

    private void CheckSessions(TreeRoot before)
    {
        if (root.Nodes.Blocks.Opener?.Sessions is { } sessions)
        {
            byte[] random = new byte[SessionRecord.RandomSize];
            CheckSince(sessions.Nodes, TreeKind.SessionTable, before, root.Slot.Sessions, (_, entry) => sessions.ReadRecord(entry, random));
        }
    }

    private void CheckSegment(long number, Entry entry)
    {
        if (number >= root.Slot.SegmentCount || SegmentEntry.FromEntry(entry, root.Header.SegmentSize) is null)
        {
            throw Damage.At(Layout.SlotOffset(root.SlotIndex, 0), $"the account of segment {number} is wrong");
        }
    }

    private void CheckEpoch(EpochId id)
    {
        EpochRecord record = root.TryReadRecord(id)!;
        EpochRecord? known = KnownNeighbour(record);
        var epoch = new Epoch(root, record);
        Guard(id, "page table", () => new TreeDiff(root.Nodes, TreeKind.PageTable, (key, before, after) => CheckPage(epoch, key, before, after)) { VisitUniform = false }
            .Run(known?.PageTable ?? default, record.PageTable));
        Guard(id, "written set", () => CheckSet(record, record.Written, epoch.ReadWrittenSet));
        Guard(id, "read set", () => CheckSet(record, record.Read, epoch.ReadReadSet));
        if (record.Pack is { } pack)
        {
            Guard(id, "resume pack", () => new PackCheck(epoch, pack, _damage.Add).Run(GoesOn));
        }

        foreach (StateSection section in record.Sections)
        {
            Guard(id, $"state section \"{section.Name}\"", () => CheckBlob(section.Content, record.Offset));
        }
    }

    /// <summary>An epoch that was checked already and shares much with this one: its parent, else the one before it.</summary>
    private EpochRecord? KnownNeighbour(EpochRecord record)
    {
        try
        {
            return root.TryReadRecord(record.Parent) ?? root.TryReadRecord(new EpochId(record.Id.Value - 1));
        }
        catch (CorruptDataException)
        {
            // Reported with that epoch; without a neighbour all of this one is read.
            return null;
        }
    }

    private void CheckPage(Epoch epoch, long key, Entry before, Entry after)
    {
        if (key >= epoch.PageCount && !after.IsPlainAbsent)
        {
            throw Damage.At(epoch.Record.Offset, $"the page table holds page {new Pfn(key)} behind the {epoch.PageCount} of the guest");
        }

        if (ClassCounts.ClassOf(after.Kind) != PageClass.Data || before == after)
        {
            return;
        }

        Guard(epoch.Record.Id, "page", () =>
        {
            epoch.ReadContent(new Pfn(key), after, _page);
            CheckHash(epoch, new Pfn(key), after);
        });
        if (++_pages % ProgressStep == 0)
        {
            progress?.Report(_pages);
        }
    }

    /// <summary>A block of a store is known by more than the sum, and who damages a store is not who damages the file.</summary>
    private void CheckHash(Epoch epoch, Pfn pfn, Entry entry)
    {
        if (entry.Kind == EntryKind.External && root.Nodes.Blocks.ReadHash(entry, pfn.Value) is var hash && BlockHash.Of(_page) != hash)
        {
            throw Damage.InPage(epoch.Record.Id, pfn, Damage.At(entry.Offset, $"block {hash} of the store has other content than its name says"));
        }
    }

    private bool GoesOn()
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _damage.Count < MaxDamages;
    }

    private void CheckSet(EpochRecord record, BlobRef set, Func<PageBitmap?> read)
    {
        if (record.PageCount <= MaxSetPages)
        {
            read()?.Dispose();
        }
        else
        {
            CheckBlob(set, record.Offset);
        }
    }

    private void CheckBlob(BlobRef blob, long recordOffset)
    {
        using var stream = new BlobStream(root.Nodes, blob, recordOffset);
        while (stream.Read(_chunk) > 0)
        {
        }
    }

    private void Guard(EpochId epoch, string part, Action check)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_damage.Count >= MaxDamages)
        {
            return;
        }

        try
        {
            check();
        }
        catch (CorruptDataException cause)
        {
            _damage.Add(cause.Epoch is not null || epoch.Value == 0 ? cause : Damage.InEpoch(epoch, part, cause));
        }
    }
}
