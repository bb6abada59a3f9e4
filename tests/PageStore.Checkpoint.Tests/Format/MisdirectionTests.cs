using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// A medium puts a write to the wrong place, over data that was committed: what is read is right, or is named as damaged by reading and by
/// Verify alike. Nothing of the block in the wrong place is ever handed out as data.
/// </summary>
public sealed class MisdirectionTests
{
    private static readonly Lazy<Case> Plain = new(() => Case.Of(lz4: false));
    private static readonly Lazy<Case> Packed = new(() => Case.Of(lz4: true));

    [Property(MaxTest = 2000, Arbitrary = [typeof(MisdirectionTests)])]
    public void A_block_in_the_wrong_place_is_never_data(Misdirection misdirection)
    {
        Case sample = (misdirection.Lz4 ? Packed : Plain).Value;
        byte[] file = [.. sample.File];
        string what = misdirection.ApplyTo(file);
        Reading.Of(new BytesStorage(file, file.Length)).AssertSubsetOf(sample.Whole, what);
    }

    [Fact]
    public void Misdirections_are_found_and_named()
    {
        // Whole sectors of the first data block over each other place: whatever is hit must be named as that place's damage.
        Case sample = Plain.Value;
        int found = 0;
        for (int to = (int)Layout.SegmentsOffset + 4096; to + 4096 <= sample.File.Length; to += 4096)
        {
            byte[] file = [.. sample.File];
            file.AsSpan((int)Layout.SegmentsOffset, 4096).CopyTo(file.AsSpan(to));
            using var reader = CheckpointReader.Open(new BytesStorage(file, file.Length));
            foreach (CorruptDataException damage in reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage)
            {
                Assert.NotNull(damage.Offset);
                found++;
            }
        }

        Assert.True(found > 4, $"only {found} damages were found");
    }

    public static Arbitrary<Misdirection> Misdirections() => Arb.From(
        from lz4 in Gen.Elements(true, false)
        from source in Gen.Choose(0, 1 << 20)
        from target in Gen.Choose(0, 1 << 20)
        from sectors in Gen.Elements(1, 1, 2, 8, 16, 128)
        from shift in Gen.Frequency((4, Gen.Constant(0)), (1, Gen.Choose(1, 31)))
        select new Misdirection(lz4, source, target, sectors, shift * Layout.Unit));

    /// <summary>Bytes of the file that were written once more, elsewhere.</summary>
    public sealed record Misdirection(bool Lz4, int Source, int Target, int Sectors, int Shift)
    {
        public string ApplyTo(byte[] file)
        {
            int from = Place(file, Source);
            int to = Math.Min(Place(file, Target) + Shift, file.Length);
            int length = Math.Min(Sectors * FileOperation.SectorSize, file.Length - Math.Max(from, to));
            file.AsSpan(from, length).CopyTo(file.AsSpan(to));
            return $"{length} bytes from {from} written to {to} as well";
        }

        /// <summary>A sector of the segments, where the data is: of a root slot there are two copies and another slot.</summary>
        private static int Place(byte[] file, int choice) =>
            (int)Layout.SegmentsOffset + (choice % ((file.Length - (int)Layout.SegmentsOffset) / FileOperation.SectorSize) * FileOperation.SectorSize);
    }

    private sealed record Case(byte[] File, Reading Whole)
    {
        public static Case Of(bool lz4)
        {
            byte[] file = SampleFiles.WriteRich(lz4).File;
            return new Case(file, Reading.Of(new BytesStorage(file, file.Length)));
        }
    }
}
