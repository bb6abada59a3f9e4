using System.Globalization;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>An epoch in a line, as commands that run for long tell of it when it is committed.</summary>
internal static class EpochLine
{
    public static string Of(EpochInfo epoch, int pageSize) => string.Create(
        CultureInfo.InvariantCulture, $"epoch {epoch.Id}: {epoch.PagesWritten} pages ({ByteSize.Format(epoch.PagesWritten * pageSize)}) written");
}
