namespace PageStore;

/// <summary>A part of a guest's state that is no page.</summary>
/// <param name="Name">What it is; no other part has the name.</param>
/// <param name="Content">Its bytes, in the form that whoever restores the guest expects.</param>
public sealed record GuestStateSection(string Name, ReadOnlyMemory<byte> Content);
