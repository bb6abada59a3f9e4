using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>The cache of nodes knows a node or does not; it never has another's entries.</summary>
public sealed class NodeCacheTests
{
    [Fact]
    public void What_is_found_is_what_was_put_in_last_under_that_very_entry()
    {
        var cache = new NodeCache();
        var random = new Random(3);
        var entries = new Entry[TreeRoot.FanOut];
        var copy = new Entry[TreeRoot.FanOut];
        int found = 0;
        for (int i = 0; i < 200_000; i++)
        {
            // More nodes than slots, several at one place with different sums, as in a file whose segments are reused.
            var node = Entry.BlockOf(EntryKind.Node, random.Next(30_000) * 1024L, 1024, new ContentSum((ulong)random.Next(3)));
            int level = random.Next(1, 3);
            long number = random.Next(2);
            Fill(entries, node, level, number);
            int index = random.Next(entries.Length);
            if (cache.TryGet(node, level, number, index, out Entry entry))
            {
                found++;
                Assert.Equal(entries[index], entry);
            }

            Entry basis = random.Next(2) == 0 ? Entry.Absent : Entry.BlockOf(EntryKind.Node, i * 1024L, 1024, default);
            cache.Put(node, level, number, entries, basis);
            Assert.True(cache.TryGet(node, level, number, index, out entry));
            Assert.Equal(entries[index], entry);
            Assert.True(cache.TryCopy(node, level, number, copy, out Entry keptBasis));
            Assert.Equal(entries, copy);
            Assert.Equal(basis, keptBasis);
            Assert.False(cache.TryCopy(node, level + 2, number, copy, out _));
            Assert.False(cache.TryCopy(node, level, number + 2, copy, out _));
            Assert.False(cache.TryCopy(node with { Sum = node.Sum + 3 }, level, number, copy, out _));
        }

        Assert.InRange(found, 1_000, 190_000);
    }

    [Fact]
    public async Task Threads_that_fill_one_slot_do_not_tear_what_others_read()
    {
        var cache = new NodeCache();
        Entry[] nodes = [.. Enumerable.Range(0, 4).Select(i => Entry.BlockOf(EntryKind.Node, 4096, 1024, new ContentSum((ulong)i)))];
        long found = 0;
        long copied = 0;
        Task[] tasks = [.. Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            var random = new Random(thread);
            var entries = new Entry[TreeRoot.FanOut];
            var copy = new Entry[TreeRoot.FanOut];
            for (int i = 0; i < 200_000; i++)
            {
                Entry node = nodes[random.Next(nodes.Length)];
                Fill(entries, node, 1, 0);
                int index = random.Next(entries.Length);
                if (i % 2 == 0 && cache.TryGet(node, 1, 0, index, out Entry entry))
                {
                    Interlocked.Increment(ref found);
                    Assert.Equal(entries[index], entry);
                }
                else if (i % 2 == 1 && cache.TryCopy(node, 1, 0, copy, out _))
                {
                    Interlocked.Increment(ref copied);
                    Assert.Equal(entries, copy);
                }
                else
                {
                    cache.Put(node, 1, 0, entries, Entry.Absent);
                }
            }
        }))];
        await Task.WhenAll(tasks);
        Assert.True(found > 0 && copied > 0);
    }

    [Fact]
    public void Once_filled_it_allocates_nothing()
    {
        var cache = new NodeCache();
        var entries = new Entry[TreeRoot.FanOut];
        Entry[] nodes = [.. Enumerable.Range(0, 100_000).Select(i => Entry.BlockOf(EntryKind.Node, i * 1024L, 1024, default))];
        PutAll();
        long before = GC.GetAllocatedBytesForCurrentThread();
        PutAll();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void PutAll()
        {
            foreach (Entry node in nodes)
            {
                cache.Put(node, 1, 0, entries, Entry.Absent);
                cache.TryGet(node, 1, 0, 5, out _);
            }
        }
    }

    private static void Fill(Span<Entry> entries, Entry node, int level, long number)
    {
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = Entry.RepeatedOf(node.Sum + ((ulong)node.Offset * 131) + ((ulong)level << 40) + ((ulong)number << 48), (GuestPageType)0);
        }
    }
}
