using System.Security.Cryptography;

namespace PageStore.Checkpoint;

/// <summary>
/// Names one state of a file: docs/format.md, "Root slot". It is computed when it is asked for, because a plain file must be readable on a
/// host without cryptography.
/// </summary>
internal static class RootHash
{
    private const int Digits = 2 * SHA256.HashSizeInBytes;

    /// <summary>The hash in lowercase hexadecimal digits.</summary>
    /// <exception cref="UnsupportedException">The host has no cryptography.</exception>
    public static string Of(FileRoot root)
    {
        CryptoSupport.ThrowIfMissing();
        Span<byte> state = stackalloc byte[Layout.SlotSize];
        root.Slot.WriteState(state);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(state, hash);
        return Convert.ToHexStringLower(hash);
    }

    /// <summary>Throws unless the file is in the state that the user saw last.</summary>
    /// <param name="root">Its root.</param>
    /// <param name="name">What messages call the file.</param>
    /// <param name="expected">What the user expects; null expects nothing.</param>
    /// <exception cref="CorruptDataException">It is in another one.</exception>
    public static void ThrowUnless(FileRoot root, string name, string? expected)
    {
        if (expected is not null && !string.Equals(Of(root), expected, StringComparison.OrdinalIgnoreCase))
        {
            throw new CorruptDataException($"{name} has the root {Of(root)}, and {expected} was expected: it is an older or another state of the file, or somebody wrote to it since.");
        }
    }

    /// <summary>Throws unless a text could be a root hash.</summary>
    /// <exception cref="ArgumentException">It could not.</exception>
    public static void Validate(string? expected)
    {
        if (expected is not null && (expected.Length != Digits || !expected.All(char.IsAsciiHexDigit)))
        {
            throw new ArgumentException($"A root hash has {Digits} hexadecimal digits.", nameof(expected));
        }
    }
}
