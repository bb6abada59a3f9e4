namespace PageStore;

/// <summary>How well a policy's plans fitted what the guest then did; each figure is the median over the plans.</summary>
/// <param name="Name">The policy.</param>
/// <param name="Recall">Which part of the pages that the guest touched was in the plan.</param>
/// <param name="Precision">Which part of the plan the guest touched.</param>
/// <param name="PlanPages">How many pages the plan had.</param>
/// <param name="FaultsLeft">How many pages the guest touched that were not in the plan.</param>
/// <param name="FirstTouch1000">Which part of the first 1000 pages touched was in the plan; null where their order is not recorded.</param>
public sealed record PolicyScore(string Name, double Recall, double Precision, long PlanPages, long FaultsLeft, double? FirstTouch1000);
