using System.Runtime.CompilerServices;

namespace PageStore.Native.Tests;

/// <summary>What a child does that hands its memory over, or that serves another's. A role's name is followed by the path of the socket.</summary>
internal static unsafe class LazyRoles
{
    internal const string Offer = "lazy-offer:";
    internal const string OfferAndWait = "lazy-offer-wait:";
    internal const string Serve = "lazy-serve:";
    internal const string NoPoison = "lazy-no-poison:";
    internal const int PageCount = 16;

    /// <summary>Runs a role.</summary>
    /// <returns>The exit code, or null if it is none of these roles.</returns>
    internal static int? TryRun(string role)
    {
        string path = role[(role.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return role switch
        {
            _ when role.StartsWith(Offer, StringComparison.Ordinal) => OfferAndTouch(path),
            _ when role.StartsWith(OfferAndWait, StringComparison.Ordinal) => OfferForEver(path),
            _ when role.StartsWith(Serve, StringComparison.Ordinal) => AcceptAndWait(path),
            NoPoison => TryToPoison(),
            _ => null,
        };
    }

    /// <summary>Touches missing pages from managed code, which stops the collector until another process has brought them.</summary>
    private static int OfferAndTouch(string path)
    {
        using MemoryRegion memory = MemoryRegion.CreateShared((long)PageCount * Environment.SystemPageSize);
        using UserFaultOffer offer = UserFaultOffer.Connect(memory, path);
        offer.Ready.GetAwaiter().GetResult();
        bool done = false;
        var collector = new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                _ = new byte[1000];
                GC.Collect();
            }
        });
        collector.Start();
        byte* first = (byte*)memory.Mapping.DangerousGetHandle();
        int sum = 0;
        for (int page = 0; page < PageCount; page++)
        {
            sum += Touch(first + (page * Environment.SystemPageSize));
        }

        Console.WriteLine($"sum={sum}");
        offer.Complete.GetAwaiter().GetResult();
        Volatile.Write(ref done, true);
        collector.Join();
        Console.WriteLine("complete=True");
        return 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static byte Touch(byte* address) => *address;

    /// <summary>On a kernel that cannot poison: who touches the page waits, and gets it if it can be had after all.</summary>
    private static int TryToPoison()
    {
        using var memory = new LazyRegion(shared: true);
        Restrictions.ForbidPoison();
        Task<byte[]> read = memory.ReadAsync(3);
        Console.WriteLine($"event={memory.Next()}");
        try
        {
            memory.Lazy.Poison(new Pfn(3));
        }
        catch (UnsupportedException e)
        {
            Console.WriteLine($"unsupported={e.Message}");
        }

        Console.WriteLine($"waits={!read.IsCompleted}");
        memory.Lazy.Fill(new Pfn(3), LazyRegion.Content(3));
        Console.WriteLine($"right={read.Result.AsSpan().SequenceEqual(LazyRegion.Content(3))}");
        return 0;
    }

    private static int OfferForEver(string path)
    {
        using MemoryRegion memory = MemoryRegion.CreatePrivate((long)PageCount * Environment.SystemPageSize);
        using UserFaultOffer offer = UserFaultOffer.Connect(memory, path);
        Thread.Sleep(Timeout.Infinite);
        return 1;
    }

    private static int AcceptAndWait(string path)
    {
        using var listener = new UserFaultListener(path);
        Console.WriteLine("listening");
        using UserFaultMemory memory = listener.Accept(CancellationToken.None);
        memory.SetReady();
        Console.WriteLine("serving");
        Thread.Sleep(Timeout.Infinite);
        return 1;
    }
}
