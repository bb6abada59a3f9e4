using PageStore;
using PageStore.Checkpoint;
using PageStore.Native;

namespace Consumer;

/// <summary>A mapped file is truncated under its reader: the process goes on, whichever runtime's handlers the guard finds.</summary>
internal static class GuardUse
{
    private const int Pages = 300;

    public static void Run(Checks checks)
    {
        var path = Path.Combine(Path.GetTempPath(), $"consumer-{Guid.NewGuid():N}.pages");
        try
        {
            Write(path);
            Truncate(checks, path);
        }
        finally
        {
            File.Delete(path);
        }

        checks.That("a null reference is still an exception", IsNullReferenceCaught(null));
    }

    private static void Write(string path)
    {
        var content = new byte[Pages * PageSizes.Default];
        new Random(3).NextBytes(content);
        using var writer = CheckpointWriter.Create(path);
        using var epoch = writer.BeginEpoch();
        epoch.WritePages(new Pfn(0), content);
        epoch.Commit();
    }

    private static void Truncate(Checks checks, string path)
    {
        using var reader = CheckpointReader.Open(path, new CheckpointReaderOptions { Guard = GuardedCopy.Install(), ReadMode = ReadMode.Mapped });
        var epoch = reader.OpenNewest();
        var page = new byte[PageSizes.Default];
        epoch.ReadPage(new Pfn(0), page);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(0);
        }

        // More than once: a signal that stayed blocked would end the process at the second.
        checks.That("pages of a truncated file are exceptions", Enumerable.Range(0, 10).All(pfn => IsCorrupt(() => epoch.ReadPage(new Pfn(pfn), page))));
    }

    private static bool IsCorrupt(Action read)
    {
        try
        {
            read();
            return false;
        }
        catch (CorruptDataException damage)
        {
            return damage.Message.Contains("is truncated", StringComparison.Ordinal);
        }
    }

    private static bool IsNullReferenceCaught(byte[]? array)
    {
        try
        {
            return array!.Length < 0;
        }
        catch (NullReferenceException)
        {
            return true;
        }
    }
}
