using System.Globalization;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>
/// A domain as people name it: <c>xen:7</c>, or <c>xen:</c> and its UUID or its name. What has only digits is a number, as with xl.
/// </summary>
/// <param name="Id">Its number, if that is given.</param>
/// <param name="Uuid">Its UUID, if that is given.</param>
/// <param name="Name">Its name, if that is given.</param>
internal sealed record DomainReference(uint? Id, Guid? Uuid, string? Name)
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
        if (name.Length > 0 && name.All(char.IsAsciiDigit))
        {
            return uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) ? new DomainReference(id, null, null) : null;
        }

        return Guid.TryParseExact(name, "D", out Guid uuid) ? new DomainReference(null, uuid, null)
            : name.Length > 0 ? new DomainReference(null, null, name) : null;
    }

    /// <summary>Opens the domain, which the caller disposes.</summary>
    /// <exception cref="PageStoreException">It is not there, or this is no dom0, or the process has no rights; the message says which.</exception>
    public XenDomain Open() => Id is { } id ? XenDomain.Open(id) : Uuid is { } uuid ? XenDomain.OpenByUuid(uuid) : XenDomain.OpenByName(Name!);
}
