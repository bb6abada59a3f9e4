using PageStore.FormatReader;

namespace PageStore.Checkpoint.Tests;

/// <summary>Keys for tests, and random bytes that are the same each time.</summary>
internal static class TestKeys
{
    private static readonly byte[] Bytes = [.. Enumerable.Range(1, 32).Select(i => (byte)(i * 7))];

    /// <summary>The key of the encrypted test files; never disposed.</summary>
    public static CheckpointKey Key { get; } = CheckpointKey.FromBytes(Bytes);

    /// <summary>Another one.</summary>
    public static CheckpointKey Other { get; } = CheckpointKey.FromBytes(new byte[32]);

    /// <summary>The same key for the reader that was written from the document.</summary>
    public static FormatKey FormatKey { get; } = new(Bytes);

    public static CheckpointReaderOptions Reader => new() { Key = Key };

    public static CheckpointWriterOptions Writer => new() { Key = Key, SegmentSize = 1 << Layout.MinSealedSegmentShift };

    /// <summary>The key that a test file wants; null if it is plain.</summary>
    public static CheckpointKey? Of(byte[] file) => FileRoot.ReadHeader(new BytesStorage(file, file.Length)).Encryption is null ? null : Key;

    /// <summary>Bytes that look random and are the same for the same seed.</summary>
    public static Action<Span<byte>> SameEachTime(int seed)
    {
        var random = new Random(seed);
        return random.NextBytes;
    }
}
