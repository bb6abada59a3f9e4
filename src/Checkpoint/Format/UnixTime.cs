namespace PageStore.Checkpoint;

/// <summary>Times in the file: signed microseconds since 1970-01-01 UTC.</summary>
internal static class UnixTime
{
    private static readonly long MinMicroseconds = ToMicroseconds(DateTimeOffset.MinValue);
    private static readonly long MaxMicroseconds = ToMicroseconds(DateTimeOffset.MaxValue);

    public static long ToMicroseconds(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    /// <summary>Reads a time; one that .NET cannot express is moved to the nearest that it can.</summary>
    public static DateTimeOffset FromMicroseconds(long microseconds) =>
        new(DateTimeOffset.UnixEpoch.Ticks + (Math.Clamp(microseconds, MinMicroseconds, MaxMicroseconds) * TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}
