namespace PageStore.Fuzz;

/// <summary>Small talks of NBD servers, made by hand after the protocol's description: <see cref="NbdTarget"/> says what they are asked.</summary>
internal static class NbdSeeds
{
    private const byte WithBitmap = 1;
    private const ushort Done = 1;
    private const uint Length = 5000;

    public static IEnumerable<(string Name, byte[] Input)> All()
    {
        yield return ("seed-simple", NbdParts.Join(0, [
            .. Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000001), NbdParts.Export(Length), NbdParts.Ack(7)),
            (2, NbdParts.Simple(0, new byte[2048])), (1, NbdParts.Simple(5)), (0, NbdParts.Simple(0, new byte[904]))]));
        yield return ("seed-chunks", NbdParts.Join(0, [
            .. Start(withBitmap: false), .. Allocation(Done),
            (0, NbdParts.Data(0, 4096, new byte[900])), (2, NbdParts.Data(Done, 0, new byte[2048])), (1, NbdParts.Hole(0, 2048, 2048)), (0, NbdParts.Hole(Done, 4996, 4)), (1, NbdParts.Chunk(Done, 0))]));
        yield return ("seed-bitmap", NbdParts.Join(WithBitmap, [
            .. Start(withBitmap: true), .. Allocation(0), (0, NbdParts.Status(0, 2, (4096, 1), (4096, 0))), (0, NbdParts.Chunk(Done, 0)),
            (2, NbdParts.Error(0, 5, "no")), (2, NbdParts.Chunk(Done, 0)), (1, NbdParts.Data(0, 3000, 7)), (1, NbdParts.Data(0, 2048, new byte[952])), (1, NbdParts.Data(Done, 3001, new byte[1095])),
            (0, NbdParts.Data(Done, 4096, new byte[904]))]));
        yield return ("seed-steps", NbdParts.Join(WithBitmap, [
            .. Start(withBitmap: true),
            (0, NbdParts.Status(0, 2, (1000, 1))), (0, NbdParts.Status(Done, 1, (2000, 3), (9, 0))),
            (0, NbdParts.Status(0, 1, (Length, 0))), (0, NbdParts.Status(Done, 2, (Length, 1)))]));
        yield return ("seed-refused", NbdParts.Join(0, [.. Plain(NbdParts.Greeting(), NbdParts.Ack(8), NbdParts.Ack(10), NbdParts.Option(7, 0x80000006, [.. "no such export"u8]))]));
        yield return ("seed-tls", NbdParts.Join(0, [.. Plain(NbdParts.Greeting(), NbdParts.Option(8, 0x80000005))]));
        yield return ("seed-old", NbdParts.Join(0, [.. Plain([.. "NBDMAGIC"u8, .. NbdParts.Be(0x00420281861253ul)])]));
        yield return ("seed-huge", NbdParts.Join(0, [
            .. Plain(NbdParts.Greeting(), NbdParts.Ack(8), NbdParts.Context(1, "base:allocation"), NbdParts.Ack(10), NbdParts.Export(long.MaxValue), NbdParts.Ack(7)), .. Allocation(Done)]));
    }

    private static IEnumerable<(byte Kind, byte[] Bytes)> Start(bool withBitmap) => Plain([
        NbdParts.Greeting(), NbdParts.Ack(8), NbdParts.Context(1, "base:allocation"), .. withBitmap ? [NbdParts.Context(2, "qemu:dirty-bitmap:b")] : (byte[][])[], NbdParts.Ack(10),
        NbdParts.Blocks(1, 4096, 1 << 25), NbdParts.Option(7, 3, [0, 2, .. "a disk"u8]), NbdParts.Export(Length), NbdParts.Ack(7)]);

    private static (byte Kind, byte[] Bytes)[] Allocation(ushort flags) => [(0, NbdParts.Status(flags, 1, (2048, 0), (2048, 3), (1 << 20, 0)))];

    private static IEnumerable<(byte Kind, byte[] Bytes)> Plain(params byte[][] parts) => parts.Select(part => (NbdParts.Plain, part));
}
