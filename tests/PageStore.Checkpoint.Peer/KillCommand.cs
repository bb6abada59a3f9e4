using System.Globalization;

namespace PageStore.Checkpoint.Peer;

/// <summary>The long run of the kill loop, for people.</summary>
internal static class KillCommand
{
    public static int Run(string count)
    {
        string folder = Directory.CreateTempSubdirectory("pagestore-kills-").FullName;
        try
        {
            foreach (Durability durability in Enum.GetValues<Durability>())
            {
                int seed = Random.Shared.Next();
                var loop = new KillLoop(Path.Combine(folder, $"{durability}.pages"), durability, seed);
                loop.Kill(int.Parse(count, CultureInfo.InvariantCulture));
                Console.WriteLine($"{durability}: {loop.Kills} kills, {loop.Commits} commits, 0 lost (seed {seed})");
            }

            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
