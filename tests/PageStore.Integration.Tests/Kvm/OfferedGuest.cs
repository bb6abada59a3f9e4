using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Integration.Tests;

/// <summary>A KVM machine at the newest epoch of a file, whose memory another process brings.</summary>
internal sealed class OfferedGuest : IDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    internal OfferedGuest(string file, string socket)
    {
        using (CheckpointReader reader = CheckpointReader.Open(file))
        {
            Guest = WorkingGuest.RestoreState(reader.OpenEpoch(reader.Newest!.Value));
        }

        Offer = UserFaultOffer.Connect(Guest.Memory, socket);
    }

    internal WorkingGuest Guest { get; }

    internal UserFaultOffer Offer { get; }

    public void Dispose()
    {
        // The machine first: what is missing when the offer ends might read as zeros.
        Guest.Dispose();
        Offer.Dispose();
    }
}
