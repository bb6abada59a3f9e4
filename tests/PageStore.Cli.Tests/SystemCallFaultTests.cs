using System.Globalization;
using PageStore.Checkpoint;
using PageStore.Checkpoint.Tests;

namespace PageStore.Cli.Tests;

/// <summary>
/// Each system call that writes to the file fails once under the real tool, by a library that is preloaded into it: the tool says so in
/// one line and returns 4, the file keeps its last epoch, and the next import goes on. What a system call may do without failing
/// (write less than it was asked to, be interrupted) nobody notices.
/// </summary>
public sealed class SystemCallFaultTests : IDisposable
{
    // errno.h of Linux; with 0 the library makes a write short.
    private const int Short = 0;
    private const int Eintr = 4;
    private const int Eio = 5;
    private const int Enospc = 28;

    private const int Pages = 64;

    private readonly TempFolder _folder = new();
    private int _told;

    public static TheoryData<string, int> Faults => new()
    {
        { "write", Eio },
        { "write", Enospc },
        { "write", Short },
        { "write,sync", Eintr },
        { "sync", Eio },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Each_call_that_fails_is_told_or_made_again(string calls, int errno)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The library that makes calls fail is built on Linux only.");
        byte[] first = RawImages.Mixed(Pages, 1);
        string start = _folder["start.pages"];
        ToolRun.Ok("import", _folder.Write("first.raw", first), "-o", start);
        byte[] second = RawImages.Changed(first, [3, 4, 5, 40]);
        string image = _folder.Write("second.raw", second);

        int at = 0;
        _told = 0;
        bool struck;
        do
        {
            at++;
            File.Copy(start, _folder["f.pages"], overwrite: true);
            struck = await ImportInto(calls, errno, at, image);
        }
        while (struck);

        // Of an import: pages, index and root slot are written, and data and slot are synced.
        Assert.True(at > 2, $"only {at - 1} calls failed");
        Assert.Equal(errno is not (Short or Eintr), _told > 0);
        Tally.Report($"failing system calls of the tool: {calls}, errno {errno}", at - 1);
    }

    private async Task<bool> ImportInto(string calls, int errno, int at, string image)
    {
        string file = _folder["f.pages"];
        string log = _folder["log"];
        File.Delete(log);
        (int code, _, string error) = await ToolProcess.RunInAsync(Environment(calls, errno, at, log), "import", image, "-o", file);
        bool struck = File.Exists(log);
        bool fails = code != ExitCode.Ok;
        bool mayFail = struck && errno is not (Short or Eintr);
        Assert.True(code == ExitCode.Ok || (mayFail && code == ExitCode.InputOutput), $"{calls} {at}, errno {errno}: code {code}, {error}");
        Assert.Equal(fails ? 1 : 0, error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        _told += fails ? 1 : 0;

        // An import that says nothing is committed, whatever failed when it closed the file behind that. A failed sync of the slot
        // leaves the epoch that was being committed, whole, as far as the cache goes.
        long epochs = EpochsOf(file);
        Assert.InRange(epochs, fails ? 1 : 2, 2);
        ToolRun.Ok("verify", file);
        ToolRun.Ok("import", image, "-o", file);
        ToolRun.Ok("verify", file);
        Assert.Equal(epochs + 1, EpochsOf(file));
        return struck;
    }

    private static long EpochsOf(string file)
    {
        using CheckpointReader reader = CheckpointReader.Open(file);
        return reader.EpochCount;
    }

    private static (string Name, string Value)[] Environment(string calls, int errno, int at, string log) =>
    [
        ("LD_PRELOAD", Path.Combine(AppContext.BaseDirectory, "libfaults.so")),
        ("PAGESTORE_FAULT_SUFFIX", "/f.pages"),
        ("PAGESTORE_FAULT_CALLS", calls),
        ("PAGESTORE_FAULT_AT", at.ToString(CultureInfo.InvariantCulture)),
        ("PAGESTORE_FAULT_ERRNO", errno.ToString(CultureInfo.InvariantCulture)),
        ("PAGESTORE_FAULT_LOG", log),
    ];
}
