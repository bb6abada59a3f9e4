using System.Security.Cryptography;
using System.Text;

namespace PageStore.Checkpoint;

/// <summary>
/// The key of encrypted checkpoint files: 32 random bytes, or a passphrase from which they are derived when a file is opened. What
/// opens a file takes from the key what it needs: it may be disposed, which zeroes its memory, as soon as the file is open. The
/// caller disposes it. Thread-safe until then.
/// </summary>
public sealed class CheckpointKey : IDisposable
{
    /// <summary>The size of a key: AES-256 and HMAC-SHA256 both want it.</summary>
    public const int SizeBytes = 32;

    /// <summary>A key file that holds more than base64 or hexadecimal digits and a line end is none; nothing longer is read.</summary>
    private const int MaxFileBytes = 256;

    private readonly SecretBytes _secret;
    private readonly bool _isPassphrase;

    private CheckpointKey(ReadOnlySpan<byte> secret, bool isPassphrase)
    {
        _secret = new SecretBytes(secret.Length);
        secret.CopyTo(_secret.Span);
        _isPassphrase = isPassphrase;
    }

    /// <summary>Whether this host can encrypt at all: on Linux it needs OpenSSL's libssl.</summary>
    public static bool IsSupported => CryptoSupport.IsAvailable;

    internal KeyDerivation Derivation => _isPassphrase ? KeyDerivation.Pbkdf2 : KeyDerivation.None;

    /// <summary>A key from its bytes.</summary>
    /// <param name="key">32 bytes from a cryptographic random source; they are copied.</param>
    /// <exception cref="ArgumentException">They are not 32.</exception>
    public static CheckpointKey FromBytes(ReadOnlySpan<byte> key) => key.Length == SizeBytes
        ? new CheckpointKey(key, isPassphrase: false)
        : throw new ArgumentException($"A key has {SizeBytes} bytes, not {key.Length}.", nameof(key));

    /// <summary>A key from text: 64 hexadecimal digits, or the base64 of 32 bytes. One line end behind it is ignored.</summary>
    /// <param name="text">The text, which is not kept.</param>
    /// <exception cref="WrongKeyException">It is no key.</exception>
    public static CheckpointKey FromText(ReadOnlySpan<char> text) =>
        TryFromText(text) ?? throw new WrongKeyException("The text is no key: a key is 64 hexadecimal digits or the base64 of 32 bytes.");

    /// <summary>
    /// A key from a file that holds its 32 bytes, or its text as <see cref="FromText"/> takes it. Anybody who can read the file can
    /// read what the key protects.
    /// </summary>
    /// <param name="path">The file; it may also be a pipe.</param>
    /// <exception cref="WrongKeyException">The file holds no key.</exception>
    /// <exception cref="StorageException">The file cannot be read.</exception>
    public static CheckpointKey FromKeyFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var content = new SecretBytes(MaxFileBytes);
        Span<byte> bytes = content.Span[..ReadStart(path, content.Span)];
        if (bytes.Length == SizeBytes)
        {
            return FromBytes(bytes);
        }

        Span<char> text = stackalloc char[MaxFileBytes];
        try
        {
            int length = Encoding.Latin1.GetChars(bytes, text);
            return TryFromText(text[..length]) ?? throw new WrongKeyException($"{path} holds no key: a key file has 32 bytes, or 64 hexadecimal digits, or the base64 of 32 bytes.");
        }
        finally
        {
            text.Clear();
        }
    }

    /// <summary>
    /// A key that is derived from a passphrase, anew for each file: PBKDF2-HMAC-SHA256 with the file's own salt, 600 000 times for a
    /// new file. That takes a good part of a second at each opening, and a weak passphrase stays weak.
    /// </summary>
    /// <param name="passphrase">The passphrase, which is taken as UTF-8 and copied.</param>
    /// <exception cref="ArgumentException">It is empty, or no text.</exception>
    public static CheckpointKey FromPassphrase(ReadOnlySpan<char> passphrase)
    {
        if (passphrase.IsEmpty)
        {
            throw new ArgumentException("A passphrase cannot be empty.", nameof(passphrase));
        }

        try
        {
            var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
            using var bytes = new SecretBytes(utf8.GetByteCount(passphrase));
            utf8.GetBytes(passphrase, bytes.Span);
            return new CheckpointKey(bytes.Span, isPassphrase: true);
        }
        catch (EncoderFallbackException)
        {
            throw new ArgumentException("Half of a surrogate pair in the passphrase is no text.", nameof(passphrase));
        }
    }

    /// <inheritdoc cref="FromPassphrase(ReadOnlySpan{char})"/>
    public static CheckpointKey FromPassphrase(string passphrase)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        return FromPassphrase(passphrase.AsSpan());
    }

    /// <summary>Zeroes the key. Idempotent.</summary>
    public void Dispose() => _secret.Dispose();

    /// <summary>The master key of a file.</summary>
    internal SecretBytes DeriveMaster(ReadOnlySpan<byte> salt, int iterations)
    {
        var master = new SecretBytes(SizeBytes);
        if (_isPassphrase)
        {
            Rfc2898DeriveBytes.Pbkdf2(_secret.Span, salt, master.Span, iterations, HashAlgorithmName.SHA256);
        }
        else
        {
            _secret.Span.CopyTo(master.Span);
        }

        return master;
    }

    private static CheckpointKey? TryFromText(ReadOnlySpan<char> text)
    {
        text = text.EndsWith("\n") ? text[..^1] : text;
        text = text.EndsWith("\r") ? text[..^1] : text;
        using var key = new SecretBytes(SizeBytes);
        bool decoded = text.Length == 2 * SizeBytes
            ? Convert.FromHexString(text, key.Span, out _, out int written) == System.Buffers.OperationStatus.Done
            : Convert.TryFromBase64Chars(text, key.Span, out written);
        return decoded && written == SizeBytes ? FromBytes(key.Span) : null;
    }

    private static int ReadStart(string path, Span<byte> bytes)
    {
        try
        {
            using var stream = new FileStream(path, new FileStreamOptions { BufferSize = 0 });
            return stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"Cannot read the key file {path}: {cause.Message}", cause);
        }
    }
}
