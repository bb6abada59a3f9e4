using System.IO.Hashing;
using System.Text;
using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>
/// What an NBD server says, from its greeting on: handshake, the extents of its export, and three reads that are under way together. The input: <see cref="NbdParts"/>; the lowest bit of its first byte asks for a
/// bitmap. Delivered at once and in single bytes, both end alike.
/// </summary>
internal sealed class NbdTarget : IFuzzTarget
{
    /// <summary>Of a longer export only the extents are looked at, and no map is made.</summary>
    private const long MaxMapBytes = 1L << 30;

    private const byte Stale = 0xA5;

    /// <summary>Where the reads are, as far as the export goes.</summary>
    private static readonly (long Offset, int Length)[] Reads = [(0, 2048), (2048, 2048), (4096, 4096)];

    public string Name => "nbd";

    public int MaxLength => 1 << 15;

    public void Run(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return;
        }

        string? bitmap = (input[0] & 1) == 0 ? null : "b";
        List<(byte, byte[])> parts = NbdParts.Split(input[1..Math.Min(input.Length, MaxLength)]);
        Outcome whole = Talk(new NbdScript(parts, pieces: 0), bitmap);
        Outcome pieces = Talk(new NbdScript(parts, pieces: 1), bitmap);
        BrokenPromiseException.Unless(whole == pieces, "how the bytes are delivered makes no difference");
    }

    public IEnumerable<(string Name, byte[] Input)> Seeds() => NbdSeeds.All();

    public byte[] Mutate(byte[] input, byte[] other, Random random) => NbdMutator.Mutate(input, other, random, MaxLength);

    private static Outcome Talk(NbdScript server, string? bitmap)
    {
        var hash = new XxHash3();
        try
        {
            Task talk = TalkAsync(server, bitmap, hash);
            BrokenPromiseException.Unless(talk.IsCompleted, "who reads from memory does not wait");
            talk.GetAwaiter().GetResult();
            return new Outcome("read", hash.GetCurrentHashAsUInt64());
        }
        catch (Exception refusal) when (refusal is CorruptDataException or UnsupportedException or StorageException or KeyNotFoundException)
        {
            BrokenPromiseException.Unless(!refusal.Message.Any(char.IsControl), "a server writes no control characters to a terminal");
            return new Outcome(refusal.Message, hash.GetCurrentHashAsUInt64());
        }
    }

    private static async Task TalkAsync(NbdScript server, string? bitmap, XxHash3 hash)
    {
        var options = new NbdOptions { Bitmap = bitmap };
        await using NbdDisk disk = await NbdDisk.OpenAsync(server, "the server", "disk", options, CancellationToken.None);
        BrokenPromiseException.Unless(disk.Length > 0 && disk.MaxReadBytes >= PageSizes.Max && disk.Length % disk.Alignment == 0, "what is agreed to makes sense");
        await foreach (DiskExtent extent in disk.ReadExtentsAsync())
        {
            BrokenPromiseException.Unless(extent.Offset >= 0 && extent.Length > 0 && extent.Offset <= disk.Length - extent.Length, "an extent lies on the disk");
            BrokenPromiseException.Unless(extent.Kind == DiskExtentKind.Data || bitmap is not null, "only a bitmap tells of changes");
            hash.Append(Encoding.UTF8.GetBytes(extent.ToString()));
        }

        if (disk.Length <= MaxMapBytes)
        {
            await ReadAsync(disk, hash);
        }
    }

    private static async Task ReadAsync(NbdDisk disk, XxHash3 hash)
    {
        List<byte[]> under = [];
        foreach ((long offset, int length) in Reads.Where(read => read.Offset < disk.Length))
        {
            byte[] destination = new byte[Math.Min(length, disk.Length - offset)];
            destination.AsSpan().Fill(Stale);
            await disk.BeginReadAsync(offset, destination);
            under.Add(destination);
        }

        foreach (byte[] destination in under)
        {
            // A failed read leaves the others as they are.
            try
            {
                await disk.EndReadAsync();
                hash.Append(destination);
            }
            catch (StorageException failure)
            {
                hash.Append(Encoding.UTF8.GetBytes(failure.Message));
            }
        }
    }

    private readonly record struct Outcome(string Ending, ulong Read);
}
