using System.Security.Cryptography;
using PageStore.Checkpoint;

namespace PageStore.Benchmarks;

/// <summary>Sealing and opening blocks against AES-GCM alone on the same sizes, on one thread: what the block's head, its place and the pool cost.</summary>
internal static class EncryptionComparison
{
    /// <summary>A node patch, a node, a page, a chunk of a state section.</summary>
    private static readonly int[] Sizes = [64, 1056, 4096, 65536];

    public static int Run(string[] args)
    {
        int rounds = args.Contains("--quick") ? 5 : 15;
        long total = args.Contains("--quick") ? 8 << 20 : 64 << 20;
        using FileKeys keys = FileKeys.Create(CheckpointKey.FromBytes(new byte[CheckpointKey.SizeBytes]), new CheckpointWriterOptions(), out _);
        foreach (int size in Sizes)
        {
            Compare(keys, size, (int)(total / size), rounds);
        }

        return 0;
    }

    private static void Compare(FileKeys keys, int size, int count, int rounds)
    {
        using var aes = new AesGcm(new byte[CheckpointKey.SizeBytes], SealedBlock.TagSize);
        SessionCipher cipher = keys.Sessions.Get(1, new byte[SessionRecord.RandomSize], Guid.Empty);
        byte[] plain = new byte[size];
        byte[] opened = new byte[size];
        byte[] block = new byte[size + SealedBlock.Overhead];
        byte[] text = new byte[size];
        byte[] tag = new byte[SealedBlock.TagSize];
        byte[] nonce = new byte[SealedBlock.NonceSize];
        byte[] associated = new byte[SealedBlock.AssociatedSize];
        ulong counter = 0;
        new Random(1).NextBytes(plain);
        var place = new BlockPlace(Guid.Empty, Layout.SegmentsOffset, EntryKind.Raw, 1);

        var seal = new Contest($"seal {count} blocks of {size} bytes", rounds);
        seal.Add("AesGcm.Encrypt", () => Repeat(count, () =>
        {
            BitConverter.TryWriteBytes(nonce, counter++);
            aes.Encrypt(nonce, plain, text, tag, associated);
        }));
        seal.Add("sealed block", () => Repeat(count, () => cipher.Seal(plain, block, counter++, place)));
        seal.Run();
        PrintSpeed(seal, (long)count * size);

        var open = new Contest($"open {count} blocks of {size} bytes", rounds);
        open.Add("AesGcm.Decrypt", () => Repeat(count, () => aes.Decrypt(nonce, text, tag, opened, associated)));
        open.Add("sealed block", () => Repeat(count, () => _ = cipher.TryOpen(block, opened, place)));
        open.Run();
        PrintSpeed(open, (long)count * size);
    }

    private static long Repeat(int count, Action action)
    {
        for (int i = 0; i < count; i++)
        {
            action();
        }

        return count;
    }

    private static void PrintSpeed(Contest contest, long bytes)
    {
        foreach ((string name, double milliseconds) in contest.Medians)
        {
            Console.WriteLine($"  {name,-34}{bytes / milliseconds / 1e6,10:0.00} GB/s");
        }
    }
}
