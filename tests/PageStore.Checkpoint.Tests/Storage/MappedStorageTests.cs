using System.Runtime.InteropServices;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Which way a reader takes, and what a fault on it becomes. The native guard itself is tested where it is.</summary>
public sealed class MappedStorageTests : IDisposable
{
    private const int Length = 40_000;

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_place_is_read_by_position_first_and_then_through_the_guard()
    {
        var guard = new ScriptedGuard();
        byte[] content = WriteContent();
        using MappedStorage storage = Map(guard);
        byte[] read = new byte[9000];
        storage.Read(1234, read);
        Assert.Equal(content[1234..10234], read);
        Assert.Equal(0, guard.Calls);

        read.AsSpan().Clear();
        storage.Read(1234, read);
        Assert.Equal(content[1234..10234], read);
        Assert.Equal(1, guard.Calls);

        // A page more, which nobody has read.
        storage.Read(10_000, read);
        Assert.Equal(content[10_000..19_000], read);
        Assert.Equal(1, guard.Calls);
    }

    [Fact]
    public void A_large_read_goes_by_position()
    {
        var guard = new ScriptedGuard();
        byte[] content = WriteContent();
        using MappedStorage storage = Map(guard);
        byte[] read = new byte[32 << 10];
        for (int round = 0; round < 2; round++)
        {
            storage.Read(5, read);
            Assert.Equal(content[5..(5 + read.Length)], read);
        }

        Assert.Equal(0, guard.Calls);
    }

    [Fact]
    public void A_fault_is_read_again_by_position()
    {
        byte[] content = WriteContent();
        var guard = new ScriptedGuard { Fails = true };
        using MappedStorage storage = Map(guard);
        byte[] read = new byte[9000];
        storage.Read(1234, read);
        read.AsSpan().Clear();
        storage.Read(1234, read);
        Assert.Equal(content[1234..10234], read);
        Assert.Equal(1, guard.Calls);
    }

    [Fact]
    public void A_fault_in_a_truncated_file_names_the_place()
    {
        WriteContent();
        var guard = new ScriptedGuard { Fails = true };
        using MappedStorage storage = Map(guard);
        storage.Read(9000, new byte[2000]);
        using (var file = new FileStream(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(10_000);
        }

        CorruptDataException error = Assert.Throws<CorruptDataException>(() => storage.Read(9000, new byte[2000]));
        Assert.Equal(1, guard.Calls);
        Assert.Equal(10_000, error.Offset);
        Assert.Contains("is truncated", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(Length)]
    [InlineData(Length - 9)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void A_place_outside_the_mapping_never_reaches_the_guard(long offset)
    {
        var guard = new ScriptedGuard();
        WriteContent();
        using MappedStorage storage = Map(guard);
        Assert.ThrowsAny<PageStoreException>(() => storage.Read(offset, new byte[10]));
        Assert.Equal(0, guard.Calls);
    }

    [Theory]
    [InlineData(ReadMode.Automatic, true)]
    [InlineData(ReadMode.Mapped, true)]
    [InlineData(ReadMode.Positional, false)]
    public void A_reader_uses_the_guard_where_it_maps(ReadMode mode, bool used)
    {
        CheckpointWriter.Create(_path).Dispose();
        var guard = new ScriptedGuard();
        using CheckpointReader reader = CheckpointReader.Open(_path, new CheckpointReaderOptions { ReadMode = mode, Guard = guard });
        Assert.Empty(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage);
        Assert.Equal(used, guard.Calls > 0);
    }

    [Fact]
    public void A_reader_without_a_guard_survives_a_truncated_file()
    {
        CheckpointWriter.Create(_path).Dispose();
        using CheckpointReader reader = CheckpointReader.Open(_path);
        using (var file = new FileStream(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(0);
        }

        // Mapped, this would be the end of the test runner.
        CorruptDataException error = Assert.Throws<CorruptDataException>(() => reader.Refresh());
        Assert.NotNull(error.Offset);
    }

    [Fact]
    public void A_read_mode_that_is_none_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(
        () => CheckpointReader.Open(_path, new CheckpointReaderOptions { ReadMode = (ReadMode)3 }));

    private byte[] WriteContent()
    {
        byte[] content = new byte[Length];
        new Random(3).NextBytes(content);
        File.WriteAllBytes(_path, content);
        return content;
    }

    private MappedStorage Map(ScriptedGuard guard)
    {
        var storage = new MappedStorage(FileStorage.OpenToRead(_path), guard, mustMap: true);
        storage.Grow();
        return storage;
    }

    /// <summary>Copies without any guard, or says that it could not.</summary>
    private sealed class ScriptedGuard : IGuardedCopy
    {
        public bool Fails { get; init; }

        public int Calls { get; private set; }

        public bool TryCopy(nint source, Span<byte> destination)
        {
            Calls++;
            if (!Fails)
            {
                byte[] copy = new byte[destination.Length];
                Marshal.Copy(source, copy, 0, copy.Length);
                copy.CopyTo(destination);
            }

            return !Fails;
        }
    }
}
