using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>A failed write stops the writer at once, whatever is called next, and never ends the process.</summary>
public sealed class PoisonTests
{
    [Fact]
    public void A_write_that_fails_while_pages_come_poisons_writer_and_builder()
    {
        var file = new MemoryFile();
        CheckpointWriter.Create(new MemoryStorage(file), new()).Dispose();
        var storage = new MemoryStorage(file, new Fault(FaultTarget.Write, 1, Fault.Enospc));
        CheckpointWriter writer = CheckpointWriter.Open(storage, new());
        EpochBuilder builder = writer.BeginEpoch();
        byte[] pages = new byte[4 << 20];
        new Random(1).NextBytes(pages);

        Assert.Throws<StorageException>(() => WriteUntilFailure(builder, pages));

        Assert.Throws<StorageException>(() => writer.OpenEpoch(new EpochId(1)));
        Assert.Throws<StorageException>(() => writer.BeginEpoch());
        Assert.Throws<StorageException>(() => builder.WritePages(new Pfn(0), pages));
        Assert.Throws<StorageException>(() => builder.SetAbsent(new PfnRun(new Pfn(0), 1)));
        Assert.Throws<StorageException>(() => builder.AddState("a", new MemoryStream()));
        Assert.Throws<StorageException>(() => builder.Commit());
        builder.Dispose();
        writer.Dispose();
        Assert.True(storage.Disposed);
    }

    [Fact]
    public void An_exception_of_any_kind_in_a_write_reaches_the_caller_as_a_storage_error()
    {
        var storage = new OddStorage();
        using (var behind = new WriteBehind(storage))
        {
            WriteChunk chunk = behind.Rent();
            chunk.Begin(0);
            chunk.Advance(16);
            behind.Enqueue(chunk);
            Assert.IsType<ArgumentOutOfRangeException>(Assert.Throws<StorageException>(behind.Drain).InnerException);
        }

        Assert.True(storage.Wrote);
    }

    /// <summary>The writing happens on another thread, so which call sees the failure is not known; one of these must.</summary>
    private static void WriteUntilFailure(EpochBuilder builder, byte[] pages)
    {
        for (int i = 0; i < 100; i++)
        {
            builder.WritePages(new Pfn(0), pages);
        }
    }

    private sealed class OddStorage : IStorage
    {
        public string Name => "odd";

        public long Length => 0;

        public bool Wrote { get; private set; }

        public void Read(long offset, Span<byte> destination) => throw new NotSupportedException("Not read here.");

        public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts)
        {
            Wrote = true;

            // What the runtime makes of EFBIG.
            throw new ArgumentOutOfRangeException(nameof(offset), "The file is too large.");
        }

        public void Sync()
        {
        }

        public void Truncate(long length) => throw new NotSupportedException("Not truncated here.");

        public void Dispose()
        {
        }
    }
}
