namespace XenProbe;

/// <summary>What was to be shown is not so; the message is the last line of the check.</summary>
internal sealed class ProbeException(string message) : Exception(message);
