using System.Reflection;
using PageStore.Checkpoint;
using PageStore.Native;
using PageStore.Native.Tests;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>A domain goes in, played through stand-ins of Xen's libraries; epochs in a file come out, equal to the byte.</summary>
[Collection(LibrariesCollection.Name)]
public sealed class XenCaptureTests : IDisposable
{
    private const int Pages = 3000;

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(FakeRelease.UpTo415)]
    [InlineData(FakeRelease.From416)]
    public void Each_epoch_is_the_domain_at_its_pause(FakeRelease release)
    {
        using var xen = new FakeXen(release, Pages);
        using XenDomain domain = xen.Open();
        using var guest = new PlayedGuest(xen, domain);
        using var log = new XenDirtyLog(domain);
        using (CheckpointWriter writer = CheckpointWriter.Create(_path))
        using (var capture = new GuestCapture(writer, guest, log, guest))
        {
            for (int epoch = 0; epoch < 6; epoch++)
            {
                Assert.True(capture.Capture().Epoch.PagesWritten > 0);
            }
        }

        Assert.Equal((0u, 0u, 0u), (xen.Domain.Enabled, xen.Domain.Pauses, xen.Domain.Mappings));
        AssertEpochs(guest.AtPause);
    }

    [Fact]
    public void A_domain_that_dies_in_a_capture_leaves_the_epochs_before()
    {
        using var xen = new FakeXen(pages: Pages);
        using XenDomain domain = xen.Open();
        using var guest = new PlayedGuest(xen, domain);
        using var log = new XenDirtyLog(domain);
        using (CheckpointWriter writer = CheckpointWriter.Create(_path))
        using (var capture = new GuestCapture(writer, guest, log, guest))
        {
            capture.Capture();
            capture.Capture();
            xen.Domain.DyingCall = FakeCall.Clean;

            StorageException e = Assert.Throws<StorageException>(() => capture.Capture());

            Assert.Contains("gone or being torn down", e.Message, StringComparison.Ordinal);
        }

        AssertEpochs(guest.AtPause[..2]);
    }

    [Theory]
    [InlineData(FakeRelease.UpTo415)]
    [InlineData(FakeRelease.From416)]
    public async Task A_restorable_epoch_is_exported_for_Xen_and_a_paused_one_is_refused(FakeRelease release)
    {
        using var xen = new FakeXen(release, Pages);
        using XenDomain domain = xen.Open();
        using var guest = new PlayedGuest(xen, domain);
        using var suspend = new XenSuspend(domain, XenStateSections.Of);
        using var log = new XenDirtyLog(domain);
        using (CheckpointWriter writer = CheckpointWriter.Create(_path))
        using (var capture = new GuestCapture(writer, guest, log, guest, new CaptureOptions { GuestId = domain.Uuid, BootInstance = domain.GetBootInstance() }))
        {
            capture.Run(TimeSpan.Zero, 4, _ => { }, CancellationToken.None, new RestorableEpochs(suspend) { Every = 2 });
        }

        Assert.Equal((0u, 0u, 2u, 2u), (xen.Domain.Enabled, xen.Domain.Pauses, xen.Domain.Resumes, xen.Domain.Told));
        using CheckpointReader reader = CheckpointReader.Open(_path);
        Epoch restorable = reader.OpenEpoch(new EpochId(4));
        Assert.Equal((EpochConsistency.Restorable, domain.Uuid, domain.GetBootInstance()), (restorable.Info.Consistency, restorable.Info.GuestId, restorable.Info.BootInstance));
        string stream = _path + ".libxc";
        string again = _path + ".again";
        try
        {
            XenExporter.ToFile(restorable, stream, new XenExportOptions { Format = ImageFormat.LibxcStream }, cancellationToken: TestContext.Current.CancellationToken);
            await using (FileStream image = File.OpenRead(stream))
            {
                await ImageImporter.ImportAsync(image, again, cancellationToken: TestContext.Current.CancellationToken);
            }

            using (CheckpointReader imported = CheckpointReader.Open(again))
            using (EpochComparison comparison = imported.OpenEpoch(new EpochId(1)).CompareWith(restorable, cancellationToken: TestContext.Current.CancellationToken))
            {
                Assert.True(comparison.SameContent);
            }

            // No xl made this domain.
            UnsupportedException noXl = Assert.Throws<UnsupportedException>(() => XenExporter.ToFile(restorable, stream, overwrite: true, cancellationToken: TestContext.Current.CancellationToken));
            Assert.Contains("as the libxc stream", noXl.Message, StringComparison.Ordinal);
            foreach (bool force in (bool[])[false, true])
            {
                UnsupportedException paused = Assert.Throws<UnsupportedException>(() => XenExporter.ToFile(
                    reader.OpenEpoch(new EpochId(3)), stream, new XenExportOptions { Format = ImageFormat.LibxcStream, AllowUnrestorable = force }, overwrite: true, cancellationToken: TestContext.Current.CancellationToken));
                Assert.Contains("taken of a paused guest", paused.Message, StringComparison.Ordinal);
            }
        }
        finally
        {
            File.Delete(stream);
            File.Delete(again);
        }
    }

    [Fact]
    public void The_sample_takes_epochs_of_the_domain_whose_libraries_the_environment_names()
    {
        using var xen = new FakeXen(pages: Pages);
        xen.Page(12).Fill(7);
        MethodInfo main = Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, "XenEpochs.dll")).EntryPoint!;
        LibrariesCollection.With(xen, () => main.Invoke(null, [new[] { "7", _path, "2" }]));

        byte[] image = new byte[Pages * FakeXen.PageBytes];
        image.AsSpan(12 * FakeXen.PageBytes, FakeXen.PageBytes).Fill(7);
        AssertEpochs([image, image]);
        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Equal(FakeXen.Uuid, reader.OpenEpoch(reader.Newest!.Value).Info.GuestId);
    }

    private void AssertEpochs(List<byte[]> images)
    {
        using CheckpointReader reader = CheckpointReader.Open(_path);
        byte[] image = new byte[Pages * FakeXen.PageBytes];
        Assert.Equal(new EpochId(images.Count), reader.Newest);
        for (int epoch = 0; epoch < images.Count; epoch++)
        {
            reader.OpenEpoch(new EpochId(epoch + 1)).ReadPages(new Pfn(0), image);
            Assert.True(image.AsSpan().SequenceEqual(images[epoch]), $"epoch {epoch + 1} is not the domain at its pause");
        }

        Assert.Empty(reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    /// <summary>A guest with a hole in its memory that writes whenever somebody reads it, until it is paused.</summary>
    private sealed class PlayedGuest : IGuestMemory, IGuestPause, IDisposable
    {
        private const int FirstHole = 1000;
        private const int EndOfHole = 1500;

        private readonly FakeXen _xen;
        private readonly XenGuestMemory _memory;
        private readonly XenPause _pause;
        private readonly Random _random = new(5);

        internal PlayedGuest(FakeXen xen, XenDomain domain)
        {
            _xen = xen;
            _memory = new XenGuestMemory(domain);
            _pause = new XenPause(domain);
            for (int page = 0; page < Pages; page++)
            {
                if (page is >= FirstHole and < EndOfHole)
                {
                    xen.SetType(page, GuestPageType.Absent);
                }
                else if (page % 3 != 0)
                {
                    _random.NextBytes(xen.Page(page));
                }
            }
        }

        public int PageSize => _memory.PageSize;

        public long PageCount => _memory.PageCount;

        internal List<byte[]> AtPause { get; } = [];

        public void CopyPages(Pfn first, Span<byte> destination, Span<GuestPageType> types)
        {
            Work();
            _memory.CopyPages(first, destination, types);
            Work();
        }

        public void Pause()
        {
            Work();
            _pause.Pause();
            byte[] image = new byte[Pages * FakeXen.PageBytes];
            for (int page = 0; page < Pages; page++)
            {
                _xen.Page(page).CopyTo(image.AsSpan(page * FakeXen.PageBytes));
            }

            AtPause.Add(image);
        }

        public void Resume() => _pause.Resume();

        public void Dispose()
        {
            _pause.Dispose();
            _memory.Dispose();
        }

        private void Work()
        {
            for (int i = 0; i < 5 && _xen.Domain.Pauses == 0; i++)
            {
                int page = _random.Next(Pages - (EndOfHole - FirstHole));
                _xen.Write(page < FirstHole ? page : page + EndOfHole - FirstHole);
            }
        }
    }
}
