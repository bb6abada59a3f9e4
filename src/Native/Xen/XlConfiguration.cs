namespace PageStore.Native;

/// <summary>The configuration of a domain as libxl keeps it, JSON (Xen's tools/libs/light/libxl_dom.c, <c>libxl__userdata_path</c>).</summary>
internal static class XlConfiguration
{
    /// <summary>Where Debian and Xen's own build keep it: <c>XEN_LIB_DIR</c>.</summary>
    internal const string Directory = "/var/lib/xen";

    /// <summary>Reads it; null where xl did not make the domain.</summary>
    /// <param name="directory">Where it is kept.</param>
    /// <param name="domain">The domain.</param>
    /// <exception cref="StorageException">It is there and cannot be read.</exception>
    internal static byte[]? Read(string directory, in XenInfo domain)
    {
        var uuid = new Guid(domain.Uuid, bigEndian: true);
        string path = Path.Combine(directory, $"userdata-d.{domain.DomainId}.{uuid:D}.libxl-json");
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"Reading xl's configuration of domain {domain.DomainId} failed ({failure.Message}): run as root.", failure);
        }
    }
}
