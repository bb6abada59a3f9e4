using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// Every truncation and every change of a byte of a small file: what is read is right or is reported as damage, no other exception
/// comes, and Verify tells the same. Changes of bytes that no reading of the whole file ever touches cannot be seen and are
/// made all at once.
/// </summary>
public sealed class DamageTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_truncation_is_reported_at_opening(bool lz4)
    {
        byte[] file = SampleFiles.WriteRich(lz4).File;
        for (int length = 0; length < file.Length; length++)
        {
            Assert.Throws<CorruptDataException>(() => CheckpointReader.Open(new BytesStorage(file, length)));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_changed_byte_reads_right_or_is_reported(bool lz4) =>
        ChangeEachByte(SampleFiles.WriteRich(lz4).File, at => [0xFF, (byte)(1 << (at & 7))]);

    [Fact]
    public void Every_value_of_every_byte_of_a_tiny_file_reads_right_or_is_reported()
    {
        byte[] all = [.. Enumerable.Range(1, 255).Select(mask => (byte)mask)];
        ChangeEachByte(SampleFiles.WriteTiny().File, _ => all);
    }

    [Fact]
    public void Every_truncation_of_an_encrypted_file_is_reported_at_opening()
    {
        byte[] file = SampleFiles.WriteTiny(encrypted: true).File;
        for (int length = 0; length < file.Length; length++)
        {
            Assert.Throws<CorruptDataException>(() => CheckpointReader.Open(new BytesStorage(file, length), TestKeys.Reader));
        }
    }

    [Fact]
    public void Every_flipped_bit_of_a_tiny_encrypted_file_is_reported()
    {
        byte[] bits = [.. Enumerable.Range(0, 8).Select(bit => (byte)(1 << bit))];
        ChangeEachByte(SampleFiles.WriteTiny(encrypted: true).File, _ => bits, TestKeys.Key);
    }

    [Fact]
    public void Changed_bytes_of_an_encrypted_file_read_right_or_are_reported() =>
        ChangeEachByte(SampleFiles.WriteRich(lz4: true, encrypted: true).File, at => at % 61 == 0 ? [(byte)(1 << (at & 7))] : [], TestKeys.Key);

    [Theory]
    [InlineData(0)]
    [InlineData(65536)]
    [InlineData(4096)]
    [InlineData(4608)]
    [InlineData(69632)]
    [InlineData(70144)]
    public void A_lost_copy_of_header_or_slot_loses_nothing_and_is_a_warning(int offset)
    {
        byte[] file = SampleFiles.WriteTiny().File;
        Reading whole = Reading.Of(new BytesStorage(file, file.Length));
        for (int at = offset; at < offset + Layout.SlotSize; at++)
        {
            byte[] damaged = [.. file];
            damaged[at] ^= 0x10;
            Reading reading = Reading.Of(new BytesStorage(damaged, damaged.Length));
            reading.AssertSubsetOf(whole, $"byte {at}");
            Assert.True(reading.Complete, $"byte {at}: something is lost");
            Assert.Contains($"offset {offset}:", Assert.Single(reading.Verified!.Warnings), StringComparison.Ordinal);
        }

        byte[] erased = [.. file];
        erased.AsSpan(offset, Layout.SlotSize).Clear();
        Assert.Single(Reading.Of(new BytesStorage(erased, erased.Length)).Verified!.Warnings);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_damaged_page_is_named_by_epoch_number_and_offset(bool lz4)
    {
        (byte[] file, IReadOnlyList<ModelEpoch> epochs) = SampleFiles.WriteRich(lz4);
        foreach (long pfn in new long[] { 0, 4, 70 })
        {
            using var intact = CheckpointReader.Open(new BytesStorage(file, file.Length));
            int offset = FindStored(file, intact, epochs[0], pfn);
            byte[] damaged = [.. file];
            damaged[offset + 8] ^= 1;
            using var reader = CheckpointReader.Open(new BytesStorage(damaged, damaged.Length));
            byte[] page = new byte[4096];
            Array.Fill(page, (byte)1);
            CorruptDataException thrown = Assert.Throws<CorruptDataException>(() => reader.OpenEpoch(new EpochId(1)).ReadPage(new Pfn(pfn), page));
            CorruptDataException found = Assert.Single(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage);
            Assert.All([thrown, found], damage =>
            {
                Assert.Equal(new EpochId(1), damage.Epoch);
                Assert.Equal(new Pfn(pfn), damage.Pfn);
                Assert.Equal(offset, damage.Offset);
                Assert.Contains("epoch 1", damage.Message, StringComparison.Ordinal);
                Assert.Contains(new Pfn(pfn).ToString(), damage.Message, StringComparison.Ordinal);
            });
            Assert.False(page.AsSpan().ContainsAnyExcept((byte)0));
        }
    }

    /// <summary>Where a page is stored: the offset that the damage names when the byte there is the one that is hit.</summary>
    private static int FindStored(byte[] file, CheckpointReader reader, ModelEpoch model, long pfn)
    {
        bool[] touched = new bool[file.Length];
        using var tracing = CheckpointReader.Open(new BytesStorage(file, file.Length, touched));
        Epoch epoch = tracing.OpenEpoch(new EpochId(model.Id));
        epoch.GetPageInfo(new Pfn(pfn));
        bool[] before = [.. touched];
        epoch.ReadPage(new Pfn(pfn), new byte[reader.PageSize]);
        return Enumerable.Range(0, file.Length).First(at => touched[at] && !before[at]);
    }

    private static void ChangeEachByte(byte[] file, Func<int, IEnumerable<byte>> masks, CheckpointKey? key = null)
    {
        bool[] touched = new bool[file.Length];
        Reading whole = Reading.Of(new BytesStorage(file, file.Length, touched), key);
        Assert.True(whole.Complete && whole.Verified!.Ok && whole.Verified.Warnings.Count == 0, "the undamaged file does not read");
        int[] positions = [.. Enumerable.Range(0, file.Length).Where(at => touched[at])];
        Assert.True(positions.Length > 8 * Layout.SlotSize, "hardly anything is read");

        byte[] unread = [.. file.Select((value, at) => touched[at] ? value : (byte)~value)];
        Reading.Of(new BytesStorage(unread, unread.Length), key).AssertSubsetOf(whole, "all bytes that are never read");

        Parallel.ForEach(positions, () => (byte[])file.Clone(), (at, _, copy) =>
        {
            foreach (byte mask in masks(at))
            {
                copy[at] ^= mask;
                Reading.Of(new BytesStorage(copy, copy.Length), key).AssertSubsetOf(whole, $"byte {at} xor {mask}");
                copy[at] ^= mask;
            }

            return copy;
        }, _ => { });
    }
}
