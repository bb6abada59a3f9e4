using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Native.Tests;

/// <summary>What nobody can do to a base, what is no base, and clones in other processes.</summary>
public sealed class CloneBaseTests
{
    private const int Pages = 300;

    private static int PageSize => Environment.SystemPageSize;

    [Fact]
    public unsafe void A_base_cannot_be_written_or_resized_by_anybody()
    {
        byte[] content = CloneTests.Content(Pages);
        using CloneBase source = CloneTests.Filled(content);
        int file = (int)source.File.DangerousGetHandle();

        // Through /proc the memfd can be opened for writing again; the seals are the file's.
        using SafeFileHandle writable = File.OpenHandle(source.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        byte[] one = [1];
        Assert.ThrowsAny<Exception>(() => RandomAccess.Write(source.File, one, 0));
        Assert.ThrowsAny<Exception>(() => RandomAccess.Write(writable, one, 0));
        Assert.ThrowsAny<Exception>(() => RandomAccess.SetLength(writable, 0));
        Assert.ThrowsAny<Exception>(() => RandomAccess.SetLength(writable, content.Length * 2));
        Assert.Equal(-1, Libc.mmap(null, (nuint)PageSize, Libc.ProtReadWrite, Libc.MapShared, file, 0));
        Assert.Equal(-1, Libc.mmap(null, (nuint)PageSize, Libc.ProtReadWrite, Libc.MapShared, (int)writable.DangerousGetHandle(), 0));
        Assert.Equal(-1, Libc.fallocate((int)writable.DangerousGetHandle(), Libc.PunchHoleKeepSize, 0, PageSize));
        Assert.True(CloneTests.ImageOf(source).AsSpan().SequenceEqual(content));
    }

    [Fact]
    public void What_could_be_changed_under_clones_is_no_base()
    {
        using MemoryRegion shared = MemoryRegion.CreateShared(4 * PageSize);
        UnsupportedException e = Assert.Throws<UnsupportedException>(() => CloneBase.Open(Reopen($"/proc/self/fd/{shared.File!.DangerousGetHandle()}")));
        Assert.Contains("sealed against writes", e.Message, StringComparison.Ordinal);
        Assert.Throws<UnsupportedException>(() => CloneBase.Open(typeof(CloneBase).Assembly.Location));
        Assert.Throws<UnsupportedException>(() => CloneBase.Open("/dev/null"));
        Assert.Throws<StorageException>(() => CloneBase.Open("/proc/self/fd/9999"));
        Assert.Throws<ArgumentException>(() => CloneBase.Open(string.Empty));
    }

    [Fact]
    public void A_base_is_filled_by_nobody_any_more_when_it_is_one()
    {
        MemoryRegion? kept = null;
        using CloneBase source = CloneBase.Create(4 * PageSize, memory => (kept = memory).GetPage(new Pfn(2)).Fill(5));
        Assert.Throws<ObjectDisposedException>(() => kept!.GetPage(new Pfn(2)));
        Assert.Equal((4L, 4L * PageSize), (source.PageCount, source.Length));

        using LinuxDirtyLog log = LogOf(out InvalidOperationException e);
        Assert.Contains("still mapped for writing", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => CloneBase.Create(PageSize + 1, _ => { }));
        Assert.Throws<FormatException>(() => CloneBase.Create(PageSize, _ => throw new FormatException()));
    }

    /// <summary>A page that nobody filled is no page of the memfd until somebody reads it.</summary>
    [Fact]
    public void Copying_and_measuring_a_base_fills_no_holes()
    {
        using CloneBase source = CloneBase.Create(Pages * PageSize, memory =>
        {
            memory.GetPage(new Pfn(10)).Fill(1);
            memory.GetSpan(200 * PageSize, 30 * PageSize).Fill(1);
        });
        _ = CloneTests.ImageOf(source);
        Assert.Equal(31L * PageSize, source.MeasureUsage().ResidentBytes);
        using MemoryClone clone = source.MapClone();
        Assert.Equal(0, clone.Memory.GetPage(new Pfn(11))[0]);
        Assert.Equal(32L * PageSize, source.MeasureUsage().ResidentBytes);
        using CloneBase empty = CloneBase.Create(PageSize, _ => { });
        Assert.Equal(0, empty.MeasureUsage().ResidentBytes);
    }

    [Fact]
    public void Clones_outlive_their_base()
    {
        byte[] content = CloneTests.Content(Pages);
        CloneBase source = CloneTests.Filled(content);
        using MemoryClone clone = source.MapClone();
        source.Dispose();
        source.Dispose();
        Assert.True(CloneTests.ImageOf(clone.Memory).AsSpan().SequenceEqual(content));
        Assert.Throws<ObjectDisposedException>(source.MapClone);
        Assert.Throws<ObjectDisposedException>(() => source.MeasureUsage());
        Assert.Throws<ObjectDisposedException>(() => source.CopyPages(new Pfn(0), new byte[PageSize], new GuestPageType[1]));
    }

    [Fact]
    public void Copies_outside_a_base_are_refused()
    {
        using CloneBase source = CloneTests.Filled(CloneTests.Content(8));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.CopyPages(new Pfn(8), new byte[PageSize], new GuestPageType[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.CopyPages(new Pfn(-1), new byte[PageSize], new GuestPageType[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.CopyPages(new Pfn(0), new byte[PageSize + 1], new GuestPageType[1]));
    }

    /// <summary>Each process writes what its number says, at the same time as the others, and says what it then has.</summary>
    [Fact]
    public async Task Clones_in_other_processes_share_and_do_not_see_each_other()
    {
        const int Count = 4;
        byte[] content = CloneTests.Content(Pages);
        using CloneBase source = CloneTests.Filled(content);
        using MemoryClone clone = source.MapClone();
        CloneRoles.Write(clone.Memory.GetSpan(0, content.Length), 0);
        IReadOnlyDictionary<string, string>[] said = await Task.WhenAll(
            Enumerable.Range(1, Count).Select(number => ChildProcess.RunAsync(string.Create(CultureInfo.InvariantCulture, $"{CloneRoles.Clone}{number}:{source.Path}"))));

        for (int number = 1; number <= Count; number++)
        {
            byte[] expected = [.. content];
            long[] written = CloneRoles.Write(expected, number);
            Assert.Equal(CloneRoles.DigestOf(expected), said[number - 1]["digest"]);
            Assert.Equal(string.Join(',', written.Order()), said[number - 1]["own"]);
            Assert.Equal("True", said[number - 1]["refused"]);
        }

        byte[] mine = [.. content];
        long[] own = CloneRoles.Write(mine, 0);
        Assert.True(CloneTests.ImageOf(clone.Memory).AsSpan().SequenceEqual(mine));
        Assert.Equal(own.Order(), CloneTests.OwnOf(clone));
        Assert.True(CloneTests.ImageOf(source).AsSpan().SequenceEqual(content));
    }

    [Fact]
    public async Task A_clone_lives_on_when_the_process_of_the_base_is_killed()
    {
        using Process child = ChildProcess.Start(CloneRoles.Base);
        try
        {
            string path = (await child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!;
            using CloneBase source = CloneBase.Open(path);
            using MemoryClone clone = source.MapClone();
            clone.Memory.GetPage(new Pfn(1)).Fill(8);
            child.Kill();
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
            byte[] expected = CloneTests.Content(CloneRoles.BasePages);
            Assert.True(CloneTests.ImageOf(source).AsSpan().SequenceEqual(expected));
            expected.AsSpan(PageSize, PageSize).Fill(8);
            Assert.True(CloneTests.ImageOf(clone.Memory).AsSpan().SequenceEqual(expected));
            Assert.Throws<StorageException>(() => CloneBase.Open(path));
        }
        finally
        {
            child.Kill();
        }
    }

    /// <summary>A log holds the mapping that it tracks.</summary>
    private static LinuxDirtyLog LogOf(out InvalidOperationException failure)
    {
        LinuxDirtyLog? log = null;
        failure = Assert.Throws<InvalidOperationException>(() => CloneBase.Create(PageSize, memory => log = new LinuxDirtyLog(memory)));
        return log!;
    }

    private static SafeFileHandle Reopen(string path) => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
}
