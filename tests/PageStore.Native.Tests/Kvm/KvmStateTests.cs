using System.Buffers.Binary;

namespace PageStore.Native.Tests;

/// <summary>The state of a processor goes out and in again; what is none is refused before any of it is used.</summary>
public sealed class KvmStateTests
{
    [Fact]
    public void A_guest_goes_on_in_a_new_machine_over_a_copy_of_its_memory()
    {
        using var guest = new ObeyingGuest();
        guest.SetParameters(seed: 0x1234_5678_9abc_def0, count: 20_000);
        guest.Do(GuestCommand.VectorSet);
        guest.Begin(GuestCommand.Write);
        Assert.True(SpinWait.SpinUntil(() => guest.Machine.Status.Reports > 100, TimeSpan.FromSeconds(60)));
        guest.Machine.Pause();
        byte[] state = guest.Machine.GetState();
        byte[] image = guest.Image();
        guest.Machine.Dispose();

        using MemoryRegion memory = MemoryRegion.CreateShared(image.Length);
        image.CopyTo(memory.GetSpan(0, image.Length));
        using var second = new KvmMachine(memory);
        second.SetState(state);
        second.SetInput((uint)GuestCommand.VectorGet);
        second.Run();
        Assert.Equal((KvmStopReason.AskedForPause, (uint)GuestCommand.Write), Stopped(second));
        Assert.True(second.Status.Reports > 10_000, "the loop went on in the middle");
        second.Run();
        Assert.Equal((KvmStopReason.Ended, 1u), Stopped(second));
    }

    [Fact]
    public void A_state_that_was_set_is_the_state()
    {
        using var guest = new ObeyingGuest();
        guest.Do(GuestCommand.VectorSet);
        byte[] before = guest.Machine.GetState();
        guest.MoveToNewMachine();
        byte[] after = guest.Machine.GetState();

        // Registers that count time go on by themselves: all else, by far the most, is the same.
        int differing = before.Zip(after, (a, b) => a == b ? 0 : 1).Sum();
        Assert.Equal(before.Length, after.Length);
        Assert.InRange(differing, 0, 64);
        guest.Do(GuestCommand.Speak);
    }

    [Fact]
    public void Setting_a_state_revives_a_guest_that_ended()
    {
        using var guest = new ObeyingGuest();
        guest.Do(GuestCommand.Speak);
        byte[] state = guest.Machine.GetState();
        guest.Begin(GuestCommand.Fault);
        Assert.Equal(KvmStopReason.TripleFault, guest.Wait().Reason);
        guest.Machine.SetState(state);
        Assert.Equal(KvmState.Standing, guest.Machine.Status.State);
        guest.Do(GuestCommand.Speak);
    }

    [Fact]
    public void Every_cut_and_every_changed_size_is_refused()
    {
        using var guest = new ObeyingGuest();
        byte[] good = guest.Machine.GetState();
        for (int length = 0; length < good.Length; length += length < 600 ? 1 : 97)
        {
            Assert.Throws<CorruptDataException>(() => guest.Machine.SetState(good.AsSpan(0, length)));
        }

        foreach (int part in PartsOf(good))
        {
            foreach (uint value in new[] { 0u, 1u, 8u, 0x7fff_ffffu, uint.MaxValue, 0xffff_fff8u })
            {
                Refused(guest, good, part, BinaryPrimitives.ReadUInt32LittleEndian(good.AsSpan(part)) + value + 9);
                Refused(guest, good, part + 4, BinaryPrimitives.ReadUInt32LittleEndian(good.AsSpan(part + 4)) + value + 3);
            }
        }

        Assert.Throws<CorruptDataException>(() => guest.Machine.SetState([.. good, 0]));
        Assert.Throws<CorruptDataException>(() => guest.Machine.SetState(new byte[70000]));
        guest.Machine.SetState(good);
        guest.Do(GuestCommand.Speak);
    }

    [Fact]
    public void The_same_part_twice_is_refused()
    {
        using var guest = new ObeyingGuest();
        byte[] good = guest.Machine.GetState();
        int[] parts = [.. PartsOf(good)];
        Assert.Equal(9, parts.Length);
        Refused(guest, good, parts[1], BinaryPrimitives.ReadUInt32LittleEndian(good.AsSpan(parts[0])));
    }

    [Fact]
    public void Random_damage_is_refused_or_harms_the_guest_alone()
    {
        using var guest = new ObeyingGuest();
        byte[] good = guest.Machine.GetState();
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            byte[] bad = [.. good];
            for (int i = 0; i < 1 + (seed % 5); i++)
            {
                bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
            }

            try
            {
                guest.Machine.SetState(bad);
            }
            catch (PageStoreException e) when (e is CorruptDataException or StorageException)
            {
                continue;
            }

            guest.Begin(GuestCommand.Speak);
            if (guest.Machine.Wait(TimeSpan.FromMilliseconds(20)).State == KvmState.Running)
            {
                guest.Machine.Pause();
            }
        }
    }

    private static (KvmStopReason Reason, uint Code) Stopped(KvmMachine machine)
    {
        KvmStatus status = machine.Wait(TimeSpan.FromSeconds(60));
        return (status.Reason, status.Code);
    }

    private static void Refused(ObeyingGuest guest, byte[] good, int at, uint value)
    {
        byte[] bad = [.. good];
        BinaryPrimitives.WriteUInt32LittleEndian(bad.AsSpan(at), value);
        Assert.Throws<CorruptDataException>(() => guest.Machine.SetState(bad));
    }

    /// <summary>Where the heads of the parts are: docs/native-abi.md.</summary>
    private static IEnumerable<int> PartsOf(byte[] state)
    {
        for (int at = 16; at < state.Length; at += 8 + ((BinaryPrimitives.ReadInt32LittleEndian(state.AsSpan(at + 4)) + 7) & ~7))
        {
            yield return at;
        }
    }
}
