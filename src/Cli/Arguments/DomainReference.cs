using System.Globalization;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>A domain as people name it: <c>xen:7</c>, or <c>xen:</c> and its UUID.</summary>
/// <param name="Id">Its number; null where the UUID is given.</param>
/// <param name="Uuid">Its UUID.</param>
internal sealed record DomainReference(uint? Id, Guid Uuid)
{
    private const string Scheme = "xen:";

    /// <summary>Reads a reference; null where it is none.</summary>
    public static DomainReference? TryParse(string text)
    {
        if (!text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return null;
        }

        string name = text[Scheme.Length..];
        return uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) ? new DomainReference(id, Guid.Empty)
            : Guid.TryParseExact(name, "D", out Guid uuid) ? new DomainReference(null, uuid) : null;
    }

    /// <summary>Opens the domain, which the caller disposes.</summary>
    /// <exception cref="PageStoreException">It is not there, or this is no dom0, or the process has no rights; the message says which.</exception>
    public XenDomain Open() => Id is { } id ? XenDomain.Open(id) : XenDomain.OpenByUuid(Uuid);
}
