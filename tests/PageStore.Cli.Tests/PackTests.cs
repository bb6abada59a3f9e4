using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli.Tests;

/// <summary><c>pagestore pack</c>.</summary>
public sealed class PackTests : IDisposable
{
    private const int Pages = 400;

    private readonly TempFolder _folder = new();

    private string Guest => _folder["guest.pages"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_touched_before_an_epoch_is_packed_and_shown_and_dropped()
    {
        Write(epochs: 6, reads: true);
        ToolRun packed = ToolRun.Ok("pack", Guest, "--json");
        Assert.Equal(["epoch", "pages", "bytes", "large", "dropped"], packed.Members);
        Assert.Equal((6, 20, false), (packed.Json.GetProperty("epoch").GetInt64(), packed.Json.GetProperty("pages").GetInt64(), packed.Json.GetProperty("large").GetBoolean()));
        Assert.InRange(packed.Json.GetProperty("bytes").GetInt64(), 1, 20 * 4096);

        using (CheckpointReader reader = CheckpointReader.Open(Guest))
        using (Epoch epoch = reader.OpenNewest())
        {
            // Pages 0 to 9 were written each time, 20 to 29 read.
            Assert.Equal([.. Enumerable.Range(0, 10), .. Enumerable.Range(20, 10)], epoch.OpenPack()!.ReadPlan().Select(page => (int)page.Value).Order());
        }

        Assert.Contains("epoch 6: resume pack of 20 pages", ToolRun.Ok("inspect", Guest).Out, StringComparison.Ordinal);
        JsonElement shown = ToolRun.Ok("inspect", Guest, "--json").Json.GetProperty("epochs");
        Assert.Equal(20, shown[5].GetProperty("pack").GetProperty("pages").GetInt64());
        Assert.False(shown[4].TryGetProperty("pack", out _));
        ToolRun.Ok("verify", Guest, "--deep");

        Assert.Contains("epoch 6: the pack was dropped", ToolRun.Ok("pack", Guest, "--drop").Out, StringComparison.Ordinal);
        Assert.Contains("epoch 6: there was no pack", ToolRun.Ok("pack", Guest, "--policy", "none").Out, StringComparison.Ordinal);
        Assert.DoesNotContain("resume pack", ToolRun.Ok("inspect", Guest).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.5", 10)]
    [InlineData("7p", 7)]
    [InlineData("12k", 3)]
    public void A_budget_is_a_factor_or_pages_or_bytes(string budget, int pages)
    {
        Write(epochs: 4, reads: true);
        ToolRun run = ToolRun.Ok("pack", Guest + "@3", "--budget", budget, "--policy", "vmresume", "--json");
        Assert.Equal((3, pages), (run.Json.GetProperty("epoch").GetInt64(), run.Json.GetProperty("pages").GetInt32()));
    }

    [Fact]
    public void An_epoch_without_a_history_gets_no_pack_and_a_plan_of_most_of_the_guest_is_called_large()
    {
        Write(epochs: 2, reads: true);
        Assert.Contains("epoch 1: nothing was packed", ToolRun.Ok("pack", Guest + "@1").Out, StringComparison.Ordinal);
        Assert.Equal(0, ToolRun.Ok("pack", Guest + "@1", "--json").Json.GetProperty("pages").GetInt64());

        // The guest holds the ten pages that are written each time.
        Assert.Contains("packed 20 pages", ToolRun.Ok("pack", Guest).Out, StringComparison.Ordinal);
        Assert.Contains("saves little", ToolRun.Ok("pack", Guest).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_reads_the_writes_alone_make_the_plan()
    {
        Write(epochs: 5, reads: false);
        ToolRun run = ToolRun.Ok("pack", Guest, "--budget", "1", "--json");
        Assert.Equal(10, run.Json.GetProperty("pages").GetInt64());
    }

    [Fact]
    public void A_verification_tells_a_damaged_pack_and_the_epochs_stay_whole()
    {
        Write(epochs: 3, reads: true);
        ToolRun.Ok("pack", Guest);

        // The pack is the last that was stored of pages: its segment lies behind all others.
        byte[] file = File.ReadAllBytes(Guest);
        file[file.AsSpan().LastIndexOfAnyExcept((byte)0) - 20] ^= 1;
        File.WriteAllBytes(Guest, file);
        ToolRun run = ToolRun.Of("verify", Guest);
        run.Failed(3);
        ToolRun.Ok("export", Guest, "--format", "raw", "-o", _folder["guest.raw"]);
    }

    [Fact]
    public void What_cannot_be_is_told_with_its_code()
    {
        Write(epochs: 2, reads: true);
        ToolRun.Of("pack", Guest, "--budget", "0").Failed(2);
        ToolRun.Of("pack", Guest, "--budget", "many").Failed(2);
        ToolRun.Of("pack", Guest, "--policy", "magic").Failed(2);
        ToolRun.Of("pack", Guest + "@9").Failed(2);
        ToolRun.Of("pack", Guest + "@9", "--drop").Failed(2);
        ToolRun.Of("pack", _folder["none.pages"]).Failed(4);
    }

    private void Write(int epochs, bool reads)
    {
        using CheckpointWriter writer = CheckpointWriter.Create(Guest);
        for (int i = 0; i < epochs; i++)
        {
            using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { PageCount = Pages, Parent = writer.Newest });
            byte[] pages = RawImages.Mixed(10, i);
            builder.WritePages(new Pfn(0), pages);
            if (i == 0 && epochs > 2)
            {
                // What nothing touches later: the plan is then no large part of the guest.
                byte[] rest = new byte[100 * 4096];
                new Random(1).NextBytes(rest);
                builder.WritePages(new Pfn(200), rest);
            }

            if (reads)
            {
                using var read = new PageBitmap(Pages);
                read.SetRange(new Pfn(20), 10);
                builder.SetReadSet(read);
            }

            builder.Commit();
        }
    }
}
