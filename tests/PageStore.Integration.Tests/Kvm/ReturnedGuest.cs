using PageStore.Checkpoint;
using PageStore.Cli;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>The guest of the demo at an epoch, brought back in one of several ways, and ready to run. The epoch stays open until this is disposed.</summary>
internal sealed class ReturnedGuest : IDisposable
{
    /// <summary>All of its memory is read first.</summary>
    internal const string Fully = "full";

    /// <summary>Its memory is brought by another thread of its process.</summary>
    internal const string Lazily = "lazy";

    /// <summary>Its memory is brought by another process.</summary>
    internal const string Served = "served";

    /// <summary>The plan is the epoch's pack; where it has none, as <see cref="Foreseen"/>.</summary>
    internal const string Packed = "pack";

    /// <summary>The plan is made from the history that is in the file.</summary>
    internal const string Foreseen = "history";

    /// <summary>There is no plan.</summary>
    internal const string Unplanned = "none";

    private readonly IDisposable _owner;
    private readonly Action _wait;

    private ReturnedGuest(WorkingGuest guest, IDisposable owner, Action wait) => (Guest, _owner, _wait) = (guest, owner, wait);

    internal WorkingGuest Guest { get; }

    /// <summary>One that has not run yet.</summary>
    internal static ReturnedGuest New(GuestWorkload workload)
    {
        WorkingGuest guest = WorkingGuest.Start(workload);
        return new ReturnedGuest(guest, guest, () => { });
    }

    /// <summary>Brings it back. Whoever serves it makes the plan.</summary>
    internal static ReturnedGuest Bring(string path, Epoch epoch, string way, string plan, string socket = "")
    {
        switch (way)
        {
            case Lazily:
                var lazy = new LazyGuest(epoch, PlanOf(path, epoch, plan), new LazyResumeOptions { UsePack = plan == Packed });
                return new ReturnedGuest(lazy.Guest, lazy, () => Assert.Equal(ResumeOutcome.Complete, lazy.WaitUntilComplete().Outcome));
            case Served:
                var offered = new OfferedGuest(path, socket);
                offered.Offer.Ready.Wait();
                return new ReturnedGuest(offered.Guest, offered, offered.Offer.Complete.Wait);
            default:
                WorkingGuest full = WorkingGuest.Restore(epoch);
                return new ReturnedGuest(full, full, () => { });
        }
    }

    /// <summary>What is to be loaded before it runs; null for the epoch's pack, or nothing.</summary>
    internal static ResumePlan? PlanOf(string path, Epoch epoch, string plan)
    {
        if (plan == Unplanned || (plan == Packed && epoch.Info.Pack is not null))
        {
            return null;
        }

        using CheckpointReader reader = CheckpointReader.Open(path);
        using IResumePolicy policy = ResumePolicies.Create(ResumePolicies.Names[^1]);
        return EpochPlans.Make(reader, epoch, policy, budget: 2);
    }

    /// <summary>Waits until all of its memory is there; it runs meanwhile.</summary>
    internal void WaitUntilWhole() => _wait();

    public void Dispose() => _owner.Dispose();
}
