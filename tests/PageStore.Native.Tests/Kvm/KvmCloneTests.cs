namespace PageStore.Native.Tests;

/// <summary>Machines over clones of one memory: each is as if it had a copy of its own, and owns what its guest wrote.</summary>
public sealed class KvmCloneTests
{
    private const int Count = 4;

    [Fact]
    public void Guests_over_clones_do_what_guests_over_copies_do()
    {
        using ObeyingGuest first = Started();
        byte[] image = first.Image();
        byte[] state = first.Machine.GetState();
        using CloneBase source = CloneTests.Filled(image);
        MemoryClone[] clones = [.. Enumerable.Range(0, Count).Select(_ => source.MapClone())];
        ObeyingGuest[] guests = [.. clones.Select(clone => new ObeyingGuest(clone.Memory, state))];
        ObeyingGuest[] twins = [.. guests.Select(_ => new ObeyingGuest(CopyOf(image), state))];
        try
        {
            var written = new HashSet<long>[Count];
            for (uint round = 0; round < 3; round++)
            {
                // In turn, so that each runs between what the others write.
                for (uint i = 0; i < Count; i++)
                {
                    HashSet<long> told = Work(guests[i], (10 * round) + i + 1);
                    Assert.Equal(told, Work(twins[i], (10 * round) + i + 1));
                    (written[i] ??= []).UnionWith(told);
                }
            }

            for (int i = 0; i < Count; i++)
            {
                Assert.True(guests[i].Image().AsSpan().SequenceEqual(twins[i].Image()), "a clone has other memory than a copy");
                long[] own = CloneTests.OwnOf(clones[i]);
                Assert.Empty(written[i].Except(own));
                Assert.Empty(guests[i].WithoutTables(own).Except(written[i]).Except(guests[i].Overhead));
            }

            Assert.True(CloneTests.ImageOf(source).AsSpan().SequenceEqual(image), "the base has changed");
        }
        finally
        {
            Array.ForEach(guests, guest => guest.Dispose());
            Array.ForEach(twins, twin => twin.Dispose());
        }
    }

    [Fact]
    public void Guests_over_clones_run_at_once()
    {
        using ObeyingGuest first = Started();
        byte[] image = first.Image();
        byte[] state = first.Machine.GetState();
        using CloneBase source = CloneTests.Filled(image);
        ObeyingGuest[] guests = [.. Enumerable.Range(0, Count).Select(_ => new ObeyingGuest(source.MapClone().Memory, state))];
        try
        {
            for (uint i = 0; i < Count; i++)
            {
                guests[i].SetParameters(seed: i + 1, count: 5000);
                guests[i].Begin(GuestCommand.Write);
            }

            for (uint i = 0; i < Count; i++)
            {
                Assert.Equal(KvmStopReason.AskedForPause, guests[i].Wait().Reason);
                using var alone = new ObeyingGuest(CopyOf(image), state);
                alone.SetParameters(seed: i + 1, count: 5000);
                alone.Do(GuestCommand.Write);
                Assert.True(guests[i].Image().AsSpan().SequenceEqual(alone.Image()), "a clone that ran beside others has other memory than one that ran alone");
            }

            Assert.True(CloneTests.ImageOf(source).AsSpan().SequenceEqual(image), "the base has changed");
        }
        finally
        {
            Array.ForEach(guests, guest => guest.Dispose());
        }
    }

    private static ObeyingGuest Started()
    {
        var guest = new ObeyingGuest();
        guest.Touch(GuestCommand.Write, seed: 99, count: 500);
        return guest;
    }

    private static HashSet<long> Work(ObeyingGuest guest, ulong seed)
    {
        guest.Touch(GuestCommand.Read, seed + 1000, count: 300);
        return guest.Touch(GuestCommand.Write, seed, count: 300);
    }

    private static MemoryRegion CopyOf(byte[] image)
    {
        MemoryRegion memory = MemoryRegion.CreateShared(image.Length);
        image.CopyTo(memory.GetSpan(0, image.Length));
        return memory;
    }
}
