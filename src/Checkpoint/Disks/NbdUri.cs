using System.Globalization;

namespace PageStore.Checkpoint;

/// <summary>Names an export of an NBD server, as doc/uri.md of the NBD project has it: <c>nbd://HOST[:PORT]/EXPORT</c> or <c>nbd+unix:///EXPORT?socket=PATH</c>. Immutable.</summary>
public sealed record NbdUri
{
    /// <summary>The port that IANA gave to NBD.</summary>
    private const int DefaultPort = 10809;

    private const string Tcp = "nbd";
    private const string Unix = "nbd+unix";
    private const string SocketKey = "socket";

    private static readonly string[] Encrypted = ["nbds", "nbds+unix"];

    private readonly string _text;

    private NbdUri(string text, string export)
    {
        (_text, Export) = (text, export);
    }

    /// <summary>The name of the export; empty for the server's default one.</summary>
    public string Export { get; }

    /// <summary>The host, by name or number; null for a Unix socket.</summary>
    public string? Host { get; private init; }

    /// <summary>The port; 0 for a Unix socket.</summary>
    public int Port { get; private init; }

    /// <summary>The path of the Unix socket, which begins with a zero character in the abstract namespace; null for TCP.</summary>
    public string? Socket { get; private init; }

    /// <summary>Whether a text begins as such a URI does, with or without encryption.</summary>
    /// <param name="text">The text.</param>
    public static bool IsOne(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string scheme = SchemeOf(text);
        return scheme is Tcp or Unix || Encrypted.Contains(scheme);
    }

    /// <summary>Reads a URI.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">It is none, or says something that is not understood.</exception>
    /// <exception cref="UnsupportedException">It asks for TLS.</exception>
    public static NbdUri Parse(string text)
    {
        if (!IsOne(text))
        {
            throw Wrong(text, "it begins with neither nbd:// nor nbd+unix://");
        }

        string scheme = SchemeOf(text);
        if (Encrypted.Contains(scheme))
        {
            throw new UnsupportedException($"{text} asks for TLS, which is not built. Use a Unix socket, or carry the connection through a tunnel (ssh -L) and name nbd://.");
        }

        string rest = text[(scheme.Length + 3)..];
        if (rest.Contains('#', StringComparison.Ordinal))
        {
            throw Wrong(text, "it has a fragment (#); write %23 within a name");
        }

        (string beforeQuery, string? query) = Split(rest, '?');
        (string authority, string? path) = Split(beforeQuery, '/');
        var uri = new NbdUri(text, Decode(text, path ?? string.Empty));
        if (uri.Export.Contains('\0', StringComparison.Ordinal) || FormatText.CountBytes(uri.Export) is < 0 or > NbdProtocol.MaxStringBytes)
        {
            throw Wrong(text, $"the name of an export has at most {NbdProtocol.MaxStringBytes} bytes of UTF-8, and none of them is zero");
        }

        string? socket = ReadQuery(text, query);
        return scheme == Unix ? uri.WithSocket(authority, socket) : uri.WithHost(authority, socket);
    }

    /// <summary>The text that was read.</summary>
    public override string ToString() => _text;

    private static string SchemeOf(string text) => text.IndexOf("://", StringComparison.Ordinal) is >= 0 and var at ? text[..at].ToLowerInvariant() : string.Empty;

    private static (string Before, string? Behind) Split(string text, char at) =>
        text.IndexOf(at, StringComparison.Ordinal) is >= 0 and var found ? (text[..found], text[(found + 1)..]) : (text, null);

    private NbdUri WithSocket(string authority, string? socket)
    {
        if (authority.Length > 0)
        {
            throw Wrong(_text, "a Unix socket has no host: write nbd+unix:///EXPORT?socket=PATH, with three slashes");
        }

        return socket is { Length: > 0 } ? this with { Socket = socket } : throw Wrong(_text, "the parameter ?socket=PATH is missing");
    }

    private NbdUri WithHost(string authority, string? socket)
    {
        if (socket is not null)
        {
            throw Wrong(_text, "?socket= goes with nbd+unix://");
        }

        if (authority.Contains('@', StringComparison.Ordinal))
        {
            throw new UnsupportedException($"{_text} names a user, which is for TLS, and that is not built. Leave it out.");
        }

        // The colon of a port stands behind the bracket that ends an IPv6 address.
        int bracket = authority.LastIndexOf(']');
        int colon = authority.LastIndexOf(':');
        string host = colon > bracket ? authority[..colon] : authority;
        string port = colon > bracket ? authority[(colon + 1)..] : string.Empty;
        int number = DefaultPort;
        if (port.Length > 0 && !(int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is > 0 and <= 65535))
        {
            throw Wrong(_text, $"\"{port}\" is no port");
        }

        host = Decode(_text, host.StartsWith('[') && host.EndsWith(']') ? host[1..^1] : host);
        return host.Length > 0 ? this with { Host = host, Port = number } : throw Wrong(_text, "the host is missing: write nbd://HOST/EXPORT");
    }

    private static string? ReadQuery(string text, string? query)
    {
        string? socket = null;
        foreach (string pair in query?.Split('&', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            (string key, string? value) = Split(pair, '=');
            if (key.StartsWith("tls-", StringComparison.Ordinal))
            {
                throw new UnsupportedException($"{text} has the parameter {key}, which is for TLS, and that is not built. Leave it out.");
            }

            if (key != SocketKey || socket is not null)
            {
                throw Wrong(text, $"the parameter \"{key}\" is not known, or there twice");
            }

            socket = Decode(text, value ?? string.Empty);
        }

        return socket;
    }

    private static string Decode(string text, string part)
    {
        for (int at = part.IndexOf('%', StringComparison.Ordinal); at >= 0; at = part.IndexOf('%', at + 1))
        {
            if (at + 2 >= part.Length || !char.IsAsciiHexDigit(part[at + 1]) || !char.IsAsciiHexDigit(part[at + 2]))
            {
                throw Wrong(text, "a % is followed by two hexadecimal digits; write %25 for the character itself");
            }
        }

        return Uri.UnescapeDataString(part);
    }

    private static ArgumentException Wrong(string text, string what) => new($"\"{text}\" is no URI of an NBD export: {what}.");
}
