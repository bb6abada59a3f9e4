namespace PageStore.Checkpoint.Tests;

/// <summary>What happens to files: bits flip, sectors come back as zeros, writes tear, ends are missing.</summary>
internal static class RandomDamage
{
    private const int Sector = 512;

    public static byte[] Of(byte[] file, int seed)
    {
        var random = new Random(seed);
        byte[] damaged = [.. file];
        for (int left = random.Next(1, 5); left > 0; left--)
        {
            damaged = Damage(damaged, random);
        }

        return damaged;
    }

    private static byte[] Damage(byte[] file, Random random)
    {
        int at = random.Next(2) == 0 ? random.Next(file.Length) : UsedPlace(file, random);
        switch (random.Next(8))
        {
            case 0:
                file.AsSpan(at & -Sector, Math.Min(Sector * random.Next(1, 32), file.Length - (at & -Sector))).Clear();
                break;
            case 1:
                int slot = new[] { 0, 4096, 4608, 65536, 69632, 70144 }[random.Next(6)];
                file.AsSpan(slot + random.Next(Sector), 1)[0] ^= 0x40;
                break;
            case 2 when random.Next(3) == 0:
                file = file[..random.Next((int)Layout.SegmentsOffset / 2, file.Length)];
                break;
            default:
                file[at] ^= (byte)(1 << random.Next(8));
                break;
        }

        return file;
    }

    /// <summary>A place at which there is something: most of a small file is empty.</summary>
    private static int UsedPlace(byte[] file, Random random)
    {
        for (int tries = 0; tries < 100; tries++)
        {
            int at = random.Next(file.Length);
            if (file[at] != 0)
            {
                return at;
            }
        }

        return 0;
    }
}
