using System.Diagnostics;
using System.Globalization;

namespace PageStore.Checkpoint.Peer;

/// <summary>
/// Starts writers, kills each by SIGKILL at a moment of its own, and checks the file after each: the last epoch that a writer said was
/// committed is there, or the one behind it, and all pages of all epochs are right. The next writer goes on in the same file.
/// </summary>
public sealed class KillLoop(string path, Durability durability, int seed)
{
    /// <summary>What a writer says, followed by the number of the epoch.</summary>
    public const string CommittedWord = "committed ";

    /// <summary>What a writer returns that met an error: the same as the tool's for I/O.</summary>
    public const int ErrorCode = 4;

    /// <summary>Commits before the kill; few, so that some kills strike while the writer opens the file.</summary>
    private const int MaxCommits = 40;

    /// <summary>Turns of a spinning loop before the kill: it must not always strike right behind a commit.</summary>
    private const int MaxSpins = 300_000;

    private readonly Random _random = new(seed);
    private long _last;

    /// <summary>How many writers were killed.</summary>
    public int Kills { get; private set; }

    /// <summary>How many epochs they said were committed.</summary>
    public long Commits { get; private set; }

    /// <summary>Kills so many writers, one after the other.</summary>
    /// <exception cref="InvalidDataException">Something is lost or wrong.</exception>
    public void Kill(int count)
    {
        for (int i = 0; i < count; i++)
        {
            KillOne();
        }
    }

    /// <summary>Kills one writer and checks what it left.</summary>
    private void KillOne()
    {
        long said = WriteAndKill();
        Kills++;
        Commits += Math.Max(0, said - _last);
        _last = Check(Math.Max(said, _last));
    }

    /// <summary>The last number that the writer said; 0 if it was killed before.</summary>
    private long WriteAndKill()
    {
        using Process writer = Start();
        Task<string> errors = writer.StandardError.ReadToEndAsync();
        long said = ReadCommits(writer, _random.Next(MaxCommits));
        Thread.SpinWait(_random.Next(MaxSpins));
        writer.Kill();
        said = Math.Max(said, ReadCommits(writer, int.MaxValue));
        writer.WaitForExit();
        string error = errors.GetAwaiter().GetResult();
        return error.Length == 0 ? said : throw new InvalidDataException($"seed {seed}, kill {Kills}: the writer failed: {error}");
    }

    private static long ReadCommits(Process writer, int count)
    {
        long last = 0;
        for (int i = 0; i < count && writer.StandardOutput.ReadLine() is { } line; i++)
        {
            last = long.Parse(line.AsSpan(CommittedWord.Length), NumberStyles.None, CultureInfo.InvariantCulture);
        }

        return last;
    }

    private long Check(long atLeast)
    {
        if (!IsPromised(atLeast))
        {
            return 0;
        }

        using CheckpointReader reader = CheckpointReader.Open(path);
        long newest = reader.Newest?.Value ?? 0;
        if (newest < atLeast || newest > atLeast + 1)
        {
            throw new InvalidDataException($"seed {seed}, kill {Kills}: the newest epoch is {newest}, committed was {atLeast}.");
        }

        foreach (EpochInfo info in reader.Epochs())
        {
            SelfCheckingGuest.Check(reader.OpenEpoch(info.Id));
        }

        VerifyReport report = reader.Verify();
        return report.Ok ? newest : throw new InvalidDataException($"seed {seed}, kill {Kills}: {report.Damage[0].Message}");
    }

    /// <summary>A writer that is killed while it creates the file may leave none, or one that is none yet: whoever asked for it removes it.</summary>
    private bool IsPromised(long atLeast)
    {
        if (atLeast == 0 && File.Exists(path) && !IsFile())
        {
            File.Delete(path);
        }

        return atLeast > 0 || File.Exists(path);
    }

    private bool IsFile()
    {
        try
        {
            CheckpointReader.Open(path).Dispose();
            return true;
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }

    private Process Start()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "PageStore.Checkpoint.Peer.dll"), "write", path, durability.ToString() },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }
}
