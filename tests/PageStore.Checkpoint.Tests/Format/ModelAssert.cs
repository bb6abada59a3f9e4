using PageStore.FormatReader;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Compares what readers read with what the oracle knows.</summary>
internal static class ModelAssert
{
    /// <summary>Guests up to this size are compared page by page, larger ones where something was ever written.</summary>
    private const long WholeGuest = 350;

    /// <summary>How much of each guest is read in one call besides.</summary>
    private const int RangeBytes = 1 << 20;

    /// <summary>The library, through its public API.</summary>
    public static void Matches(CheckpointReader reader, IReadOnlyList<ModelEpoch> models)
    {
        Assert.Equal(models.Count, reader.EpochCount);
        Assert.Equal(models.Count == 0 ? null : models[^1].Id, reader.Newest?.Value);
        Assert.Equal(models.Select(model => model.Id), reader.Epochs().Select(info => info.Id.Value));
        long[] ever = [.. models.SelectMany(model => model.Pages.Keys).Distinct()];
        foreach (ModelEpoch model in models)
        {
            Epoch epoch = reader.OpenEpoch(new EpochId(model.Id));
            MatchesInfo(epoch.Info, model);
            MatchesPages(epoch, model, ever);
            MatchesRuns(epoch, model);
            MatchesSets(epoch, model);
            MatchesPack(epoch, model);
            foreach ((string name, byte[] content) in model.Sections)
            {
                using Stream stream = epoch.OpenState(name);
                byte[] read = new byte[content.Length + 1];
                Assert.Equal(content.Length, stream.ReadAtLeast(read, read.Length, throwOnEndOfStream: false));
                Assert.True(read.AsSpan(0, content.Length).SequenceEqual(content), $"epoch {model.Id}, section {name}");
            }
        }
    }

    /// <summary>What a commit returned or a reader says of an epoch.</summary>
    public static void MatchesInfo(EpochInfo info, ModelEpoch model)
    {
        Assert.Equal(model.Id, info.Id.Value);
        Assert.Equal(model.Parent?.Id, info.Parent?.Value);
        Assert.Equal(model.Label, info.Label);
        Assert.Equal(model.PageCount, info.PageCount);
        Assert.Equal(model.Written.Count, info.PagesWritten);
        Assert.Equal(model.Read?.Count, info.PagesRead);
        Assert.Equal(model.CountOf(PageClass.Absent), info.PagesAbsent);
        Assert.Equal(model.CountOf(PageClass.Zero), info.PagesZero);
        Assert.Equal(model.CountOf(PageClass.Repeated), info.PagesRepeated);
        Assert.Equal(model.CountOf(PageClass.Repeated) + model.CountOf(PageClass.Data), info.PagesConfigured);
        Assert.Equal((int)(model.Id % 3), (int)info.Consistency);
        Assert.Equal(model.Sections.Select(section => new StateInfo(section.Name, section.Content.Length)), info.States);
    }

    /// <summary>The reader that was written from the document.</summary>
    public static void Matches(FormatFile file, IReadOnlyList<ModelEpoch> models)
    {
        Assert.Equal(models.Select(model => model.Id), file.Epochs.Select(epoch => epoch.Id));
        long[] ever = [.. models.SelectMany(model => model.Pages.Keys).Distinct()];
        foreach ((ModelEpoch model, FormatEpoch epoch) in models.Zip(file.Epochs))
        {
            Assert.Equal(model.Parent?.Id ?? 0, epoch.Parent);
            Assert.Equal(model.Label, epoch.Label);
            Assert.Equal(model.PageCount, epoch.PageCount);
            Assert.Equal(new[] { PageClass.Absent, PageClass.Zero, PageClass.Repeated, PageClass.Data }.Select(model.CountOf), epoch.Counts);
            Assert.Equal(model.Id % 3, epoch.Consistency);
            Assert.Equal(new Guid((int)model.Id, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), epoch.GuestId);
            Assert.Equal(model.Written, epoch.Written.Pages());
            Assert.Equal(model.Read, epoch.Read?.Pages());
            Assert.Equal(model.Sections.Select(section => section.Name), epoch.Sections.Select(section => section.Name));
            Assert.All(model.Sections.Zip(epoch.Sections), pair => Assert.True(pair.First.Content.AsSpan().SequenceEqual(pair.Second.Content)));
            epoch.CheckCounts();
            MatchesPack(epoch, model);
            foreach (long pfn in Interesting(model, ever))
            {
                FormatPage page = epoch.ReadPage(pfn);
                MatchesPage(model, pfn, (PageClass)Math.Min((int)page.Kind, (int)PageClass.Data), TypeOf(page), page.Content);
            }
        }
    }

    private static GuestPageType TypeOf(FormatPage page) =>
        page is { Kind: FormatKind.Absent, Type: 0 } ? GuestPageType.Absent : (GuestPageType)page.Type;

    private static void MatchesPages(Epoch epoch, ModelEpoch model, long[] ever)
    {
        byte[] content = new byte[epoch.PageSize];
        var type = new GuestPageType[1];
        foreach (long pfn in Interesting(model, ever))
        {
            epoch.CopyPages(new Pfn(pfn), content, type);
            PageInfo info = epoch.GetPageInfo(new Pfn(pfn));
            Assert.Equal(type[0], info.Type);
            MatchesPage(model, pfn, info.Class, info.Type, content);
        }

        int whole = (int)Math.Min(model.PageCount, RangeBytes / epoch.PageSize);
        byte[] range = new byte[whole * epoch.PageSize];
        epoch.ReadPages(new Pfn(0), range);
        for (int pfn = 0; pfn < whole; pfn++)
        {
            MatchesContent(model, pfn, range.AsSpan(pfn * epoch.PageSize, epoch.PageSize));
        }
    }

    private static void MatchesPage(ModelEpoch model, long pfn, PageClass pageClass, GuestPageType type, ReadOnlySpan<byte> content)
    {
        ModelPage? expected = model.PageOf(pfn);
        if (pageClass != (expected?.Class ?? PageClass.Absent) || type != (expected?.Type ?? GuestPageType.Absent))
        {
            Assert.Fail($"epoch {model.Id}, page {pfn}: {pageClass} {type}, not {expected?.Class} {expected?.Type}");
        }

        MatchesContent(model, pfn, content);
    }

    private static void MatchesContent(ModelEpoch model, long pfn, ReadOnlySpan<byte> content)
    {
        bool equal = model.PageOf(pfn) is { Content.Length: > 0 } page ? content.SequenceEqual(page.Content) : !content.ContainsAnyExcept((byte)0);
        if (!equal)
        {
            Assert.Fail($"epoch {model.Id}, page {pfn}: the content differs");
        }
    }

    private static void MatchesRuns(Epoch epoch, ModelEpoch model)
    {
        Assert.Equal(RunsOf(model, page => page.Class >= PageClass.Repeated), epoch.DataRuns());
        Assert.Equal(RunsOf(model, page => page.Class != PageClass.Absent), epoch.PresentRuns());
    }

    private static List<PfnRun> RunsOf(ModelEpoch model, Func<ModelPage, bool> wanted)
    {
        List<PfnRun> runs = [];
        foreach (long pfn in model.Pages.Where(pair => wanted(pair.Value)).Select(pair => pair.Key).Order())
        {
            if (runs.Count > 0 && runs[^1].End.Value == pfn)
            {
                runs[^1] = runs[^1] with { Count = runs[^1].Count + 1 };
            }
            else
            {
                runs.Add(new PfnRun(new Pfn(pfn), 1));
            }
        }

        return runs;
    }

    private static void MatchesSets(Epoch epoch, ModelEpoch model)
    {
        using PageBitmap written = epoch.ReadWrittenSet();
        using PageBitmap? read = epoch.ReadReadSet();
        Assert.Equal(model.PageCount, written.Length);
        Assert.Equal(model.Written, PagesOf(written));
        Assert.Equal(model.Read, read is null ? null : PagesOf(read));
    }

    /// <summary>A pack is one of those that the epoch had; who copies files, and a crash, may lose it.</summary>
    private static void MatchesPack(Epoch epoch, ModelEpoch model)
    {
        if (epoch.OpenPack() is not { } pack)
        {
            return;
        }

        Pfn[] plan = pack.ReadPlan();
        Assert.Contains(model.Packs, known => known.AsSpan().SequenceEqual(plan));
        Assert.Equal(plan.Length, pack.PageCount);
        Assert.Equal(new ResumePackInfo(plan.Length, pack.Bytes), epoch.Info.Pack);
        const int batch = 7;
        byte[] buffer = new byte[batch * epoch.PageSize];
        var pages = new Pfn[batch];
        var classes = new PageClass[batch];
        int at = 0;
        for (int count; (count = pack.ReadNext(buffer, pages, classes)) > 0; at += count)
        {
            Assert.Equal(plan.AsSpan(at, count), pages.AsSpan(0, count));
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(model.PageOf(pages[i].Value)?.Class ?? PageClass.Absent, classes[i]);
                MatchesContent(model, pages[i].Value, buffer.AsSpan(i * epoch.PageSize, epoch.PageSize));
            }
        }

        Assert.Equal((plan.Length, 0, null), (at, pack.PagesReplaced, pack.Damage));
    }

    private static void MatchesPack(FormatEpoch epoch, ModelEpoch model)
    {
        if (epoch.Pack is { } pack)
        {
            Assert.Contains(model.Packs, known => known.AsSpan().SequenceEqual(pack.Select(entry => new Pfn(entry.Pfn)).ToArray()));
            Assert.All(pack, entry => MatchesPage(model, entry.Pfn, (PageClass)Math.Min((int)entry.Page.Kind, (int)PageClass.Data), TypeOf(entry.Page), entry.Page.Content));
        }
    }

    private static List<long> PagesOf(PageBitmap set)
    {
        List<long> pages = [];
        foreach (PfnRun run in set.Runs())
        {
            for (Pfn pfn = run.First; pfn < run.End; pfn += 1)
            {
                pages.Add(pfn.Value);
            }
        }

        return pages;
    }

    private static IEnumerable<long> Interesting(ModelEpoch model, long[] ever)
    {
        IEnumerable<long> around = ever.SelectMany(pfn => new[] { pfn - 1, pfn, pfn + 1 }).Append(0).Append(model.PageCount - 1);
        IEnumerable<long> all = model.PageCount <= WholeGuest ? Enumerable.Range(0, (int)model.PageCount).Select(pfn => (long)pfn) : around;
        return all.Distinct().Where(pfn => pfn >= 0 && pfn < model.PageCount);
    }
}
