using System.Collections.Concurrent;
using Xunit;

namespace PageStore.Tests.Sharing;

/// <summary>Threads that use images of one fork at once: each has its model's bytes, and at the end each claim is counted.</summary>
public class ConcurrentImageTests
{
    private const int Threads = 4;

    [Theory]
    [InlineData(64, 1)]
    [InlineData(512, 2)]
    [InlineData(4096, 3)]
    public void Forks_of_one_image_are_used_by_many_threads(int blockSize, int seed)
    {
        var scenario = new ImageScenario { BlockSize = blockSize, PageCount = 70, SlabFramesShift = 4 };
        using var pool = new PageFramePool(scenario.Options);
        using var start = new ModelledImage(pool, scenario.PageCount);
        foreach (long page in scenario.Pages)
        {
            byte[] bytes = new byte[scenario.PageSize];
            new Random((int)page).NextBytes(bytes);
            start.Write(page, 0, bytes);
        }

        var left = new ConcurrentBag<ModelledImage>();
        RunAll(thread => Work(start, scenario, new Random((seed * Threads) + thread), left));

        ModelledImage[] images = [start, .. left];
        Assert.All(images, image => image.Check(scenario.Pages));
        OwnershipAudit.Check(pool, [.. images.Select(image => image.Image)]);

        var rest = new ConcurrentQueue<ModelledImage>(left);
        RunAll(_ =>
        {
            while (rest.TryDequeue(out ModelledImage? image))
            {
                image.Dispose();
            }
        });
        start.Check(scenario.Pages);
        OwnershipAudit.Check(pool, [start.Image]);
        Assert.Equal(start.Blocks, pool.GetStatistics().Frames);
        start.Dispose();
        MemoryImageModelTests.AssertEmpty(pool);
    }

    /// <summary>The narrowest place: all owners of one block write it, or let it go, at the same moment.</summary>
    [Fact]
    public void All_owners_of_a_block_break_its_sharing_at_once()
    {
        using var pool = new PageFramePool(new PageFramePoolOptions { BlockSize = 64 });
        using var turn = new Barrier(Threads);
        var images = new ModelledImage[Threads];
        RunAll(thread =>
        {
            try
            {
                for (int round = 0; round < 1500; round++)
                {
                    if (thread == 0)
                    {
                        MakeOwners(pool, images, new Random(round));
                    }

                    turn.SignalAndWait(TestContext.Current.CancellationToken);
                    WriteAndDrop(images[thread], new Random((round * Threads) + thread));
                    turn.SignalAndWait(TestContext.Current.CancellationToken);
                }
            }
            finally
            {
                // The others must not wait for one that failed.
                turn.RemoveParticipant();
            }
        });
        MemoryImageModelTests.AssertEmpty(pool);
    }

    private static void MakeOwners(PageFramePool pool, ModelledImage[] images, Random random)
    {
        MemoryImageModelTests.AssertEmpty(pool);
        images[0] = new ModelledImage(pool, 1);
        byte[] page = new byte[PageSizes.Default];
        random.NextBytes(page);
        images[0].Write(0, 0, page);
        for (int i = 1; i < Threads; i++)
        {
            images[i] = images[random.Next(i)].Fork();
        }
    }

    private static void WriteAndDrop(ModelledImage image, Random random)
    {
        if (random.Next(4) > 0)
        {
            // Parts of a block, so that the rest must come from the shared one.
            image.Write(0, random.Next(60), [(byte)random.Next(256)]);
            image.Check([0]);
            image.Write(0, random.Next(60), [(byte)random.Next(256)]);
            image.Check([0]);
        }

        image.Dispose();
    }

    private static void Work(ModelledImage start, ImageScenario scenario, Random random, ConcurrentBag<ModelledImage> exchange)
    {
        var own = new List<ModelledImage>();
        for (int step = 0; step < 2500; step++)
        {
            int choice = random.Next(20);
            if (own.Count == 0 || choice == 0)
            {
                own.Add(start.Fork());
                continue;
            }

            ModelledImage image = own[random.Next(own.Count)];
            if (choice == 1 && own.Count < 8)
            {
                own.Add(image.Fork());
            }
            else if (choice == 2)
            {
                // To another thread: so that what is shared is let go by others than made it.
                own.Remove(image);
                exchange.Add(image);
                if (exchange.TryTake(out ModelledImage? other))
                {
                    own.Add(other);
                }
            }
            else if (choice == 3)
            {
                own.Remove(image);
                image.Dispose();
            }
            else
            {
                Write(image, scenario, random, choice);
            }
        }

        own.ForEach(exchange.Add);
    }

    private static void Write(ModelledImage image, ImageScenario scenario, Random random, int choice)
    {
        long page = scenario.Pages[random.Next(scenario.Pages.Length)];
        int offset = random.Next(scenario.PageSize);
        byte[] bytes = new byte[random.Next(1, Math.Min(scenario.PageSize - offset, choice < 6 ? scenario.PageSize : 100) + 1)];
        if (choice > 4)
        {
            random.NextBytes(bytes);
        }

        image.Write(page, offset, bytes);
        image.Check([page]);
    }

    /// <summary>Runs the same on threads of their own, and throws what one of them throws.</summary>
    private static void RunAll(Action<int> work)
    {
        Task[] tasks = [.. Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(() => work(thread), TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Task.WaitAll(tasks, TestContext.Current.CancellationToken);
    }
}
