using System.Buffers.Binary;
using System.Globalization;

namespace PageStore.Native;

/// <summary>Tells one life of a domain from the next. Xen gives a number, which it gives again; the toolstack says when it built the domain.</summary>
internal static class XenBootInstance
{
    /// <summary>Of dom0's kernel, anew at each boot of the host (Documentation/admin-guide/sysctl/kernel.rst, random).</summary>
    private const string HostBootId = "/proc/sys/kernel/random/boot_id";

    /// <inheritdoc cref="XenDomain.GetBootInstance"/>
    internal static Guid Of(XenHandle xen, in XenInfo domain)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, domain.DomainId);
        HostBoot().ToByteArray(bigEndian: true).AsSpan(0, 4).CopyTo(bytes[4..]);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], BuiltAt(xen, new Guid(domain.Uuid, bigEndian: true)));
        return new Guid(bytes, bigEndian: true);
    }

    private static Guid HostBoot()
    {
        try
        {
            return Guid.Parse(File.ReadAllText(HostBootId).Trim(), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return Guid.Empty;
        }
    }

    /// <summary>libxl writes seconds and hundredths (tools/libs/light/libxl_create.c, start_time). Epochs are taken without, too.</summary>
    private static ulong BuiltAt(XenHandle xen, Guid uuid)
    {
        try
        {
            using XenStoreHandle store = XenStoreHandle.Open(xen.Libraries);
            return decimal.TryParse(store.Read($"/vm/{uuid:D}/start_time"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds)
                && seconds is >= 0 and < (ulong.MaxValue / 100) ? (ulong)(seconds * 100) : 0;
        }
        catch (PageStoreException)
        {
            return 0;
        }
    }
}
