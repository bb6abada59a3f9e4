using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>
/// A reader in another process, with the guard, goes on reading while its file is cut off, or holes are punched into it, and all of it is
/// put back, at any moment: it never dies, never takes a wrong page for a right one, and names the place.
/// </summary>
public sealed partial class ShrinkingFileTests : IDisposable
{
    private const int Rounds = 60;

    /// <summary>FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE of include/uapi/linux/falloc.h.</summary>
    private const int PunchHole = 3;

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Fact(Timeout = 300_000)]
    public async Task A_file_truncated_under_a_reader_is_an_exception()
    {
        (HashSet<string> messages, long faults) = await DisturbAsync(RandomAccess.SetLength, TestContext.Current.CancellationToken);
        Assert.True(faults >= Rounds, $"Only {faults} faults: the mapping was not used.");
        Assert.Contains(messages, message => message.Contains("PFN", StringComparison.Ordinal) && message.Contains("is truncated", StringComparison.Ordinal));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_hole_punched_under_a_reader_is_a_wrong_sum()
    {
        (HashSet<string> messages, long faults) = await DisturbAsync(Punch, TestContext.Current.CancellationToken);
        Assert.Equal(0, faults);
        Assert.Contains(messages, message => message.Contains("PFN", StringComparison.Ordinal) && message.Contains("does not match", StringComparison.Ordinal));
    }

    /// <summary>Each round does something to the file from a random place on, waits until the reader has noticed, and puts all back.</summary>
    private async Task<(HashSet<string> Messages, long Faults)> DisturbAsync(Action<SafeFileHandle, long> damage, CancellationToken cancel)
    {
        KnownGuest.Write(_path);
        byte[] content = await File.ReadAllBytesAsync(_path, cancel);
        using SafeFileHandle file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using Process reader = StartReader();
        using CancellationTokenRegistration kill = cancel.Register(reader.Kill);
        var messages = new HashSet<string>();
        var random = new Random(5);
        for (int round = 0; round < Rounds; round++)
        {
            await ExpectAsync(reader, GuardedReader.Whole, messages, cancel);
            await Task.Delay(random.Next(4), cancel);
            damage(file, random.NextInt64(content.Length * 3 / 4)); // the last segments may be empty, and are far fewer than a quarter
            await ExpectAsync(reader, GuardedReader.Damaged, messages, cancel);
            RandomAccess.Write(file, content, 0);
        }

        await ExpectAsync(reader, GuardedReader.Whole, messages, cancel);
        reader.StandardInput.Close();
        string rest = await reader.StandardOutput.ReadToEndAsync(cancel);
        await reader.WaitForExitAsync(cancel);
        Assert.Equal(0, reader.ExitCode);
        return (messages, long.Parse(rest.Split("faults ")[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    private static async Task ExpectAsync(Process reader, string state, HashSet<string> messages, CancellationToken cancel)
    {
        string? line = await reader.StandardOutput.ReadLineAsync(cancel);
        if (line is null)
        {
            await reader.WaitForExitAsync(cancel);
            Assert.Fail($"The reader ended with {reader.ExitCode}: {await reader.StandardError.ReadToEndAsync(cancel)}");
        }

        Assert.StartsWith(state + " ", line, StringComparison.Ordinal);
        messages.Add(line[(state.Length + 1)..]);
    }

    private Process StartReader()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ShrinkingFileTests).Assembly.Location);
        }

        start.ArgumentList.Add("--reader");
        start.ArgumentList.Add(_path);
        return Process.Start(start)!;
    }

    private static void Punch(SafeFileHandle file, long from) =>
        Assert.Equal(0, Allocate(file, PunchHole, (nint)from, (nint)(RandomAccess.GetLength(file) - from)));

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, nint offset, nint length);
}
