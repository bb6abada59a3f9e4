using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Whatever the system refuses, callers see one kind of exception.</summary>
public sealed class FileStorageTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_write_behind_the_largest_file_is_a_storage_error()
    {
        using FileStorage file = FileStorage.Create(_path);
        Assert.Throws<StorageException>(() => file.Write(long.MaxValue - 1, [new byte[1]]));
    }

    [Fact]
    public void A_write_to_a_file_opened_for_reading_is_a_storage_error()
    {
        File.WriteAllBytes(_path, new byte[1]);
        using FileStorage file = FileStorage.OpenToRead(_path);
        Assert.Throws<StorageException>(() => file.Write(0, [new byte[1]]));
    }

    /// <summary>A random name in the place of one would be another one for the next process, which would not count what this one committed.</summary>
    [Fact]
    public void A_host_that_does_not_name_its_run_has_no_run_and_every_commit_is_synced()
    {
        Assert.Equal(Guid.Empty, HostIdentity.Read(_path));
        var file = new MemoryFile();
        var killed = new MemoryStorage(file) { HostRun = Guid.Empty };
        CheckpointWriter writer = CheckpointWriter.Create(killed, new CheckpointWriterOptions { Durability = Durability.SurvivesProcessCrash });
        writer.BeginEpoch().Commit();
        Assert.True(writer.Root.Slot.IsSynced);
        killed.Kill();
        writer.Dispose();
        using CheckpointReader next = CheckpointReader.Open(new MemoryStorage(file) { HostRun = Guid.Empty });
        Assert.Equal(new EpochId(1), next.Newest);
    }

    [Fact]
    public void A_second_writer_is_refused_and_readers_are_not()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        Assert.Throws<StorageException>(() => CheckpointWriter.Open(_path));
        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Null(reader.Newest);
    }

    [Fact]
    public void An_open_reader_does_not_keep_a_writer_out()
    {
        CheckpointWriter.Create(_path).Dispose();
        using CheckpointReader reader = CheckpointReader.Open(_path);
        using CheckpointWriter writer = CheckpointWriter.Open(_path);
        Assert.Null(writer.Newest);
    }
}
