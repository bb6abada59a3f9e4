using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PageStore.Checkpoint;

/// <summary>
/// Whether this host has the cryptography that encrypted files need. On Linux .NET takes it from OpenSSL, looks for it at the first
/// use, and ends the process where it finds none; so it is looked for here first. Plain files need none of it.
/// </summary>
internal static class CryptoSupport
{
    /// <summary>The version that the user told .NET to use, by the variable that .NET itself reads.</summary>
    private const string OverrideVariable = "CLR_OPENSSL_VERSION_OVERRIDE";

    /// <summary>The names that .NET looks for: dotnet/runtime, src/native/libs/System.Security.Cryptography.Native/opensslshim.c.</summary>
    private static readonly string[] LibraryNames = ["libssl.so.3", "libssl.so.1.1"];

    private static readonly Lazy<bool> Available = new(() => !OperatingSystem.IsLinux() || FindsLibrary(name => NativeLibrary.TryLoad(name, out _)));

    /// <summary>Whether it is there. Thread-safe.</summary>
    public static bool IsAvailable => Available.Value;

    /// <summary>Throws where it is missing.</summary>
    /// <exception cref="UnsupportedException">There is no OpenSSL, or one without AES-GCM.</exception>
    public static void ThrowIfMissing()
    {
        ThrowUnless(IsAvailable);
        if (!AesGcm.IsSupported)
        {
            throw new UnsupportedException("The cryptographic library of this host has no AES-GCM, with which checkpoint files are encrypted.") { IsMissingOnHost = true };
        }
    }

    /// <summary>The message; apart, so that a test can see it on a host that has the library.</summary>
    internal static void ThrowUnless(bool available)
    {
        if (!available)
        {
            throw new UnsupportedException($"Encryption and root hashes need OpenSSL, and this host has none of {string.Join(", ", LibraryNames)}. Install it (Debian: apt-get install libssl3); plain checkpoint files work without it.") { IsMissingOnHost = true };
        }
    }

    /// <summary>Whether any name that .NET would take can be loaded.</summary>
    internal static bool FindsLibrary(Func<string, bool> canLoad) =>
        (Environment.GetEnvironmentVariable(OverrideVariable) is { Length: > 0 } version && canLoad("libssl.so." + version))
        || LibraryNames.Any(canLoad);
}
