using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>URIs of NBD exports, as doc/uri.md of the NBD project has them.</summary>
public sealed class NbdUriTests
{
    [Theory]
    [InlineData("nbd://example.com/disk", "disk", "example.com", 10809, null)]
    [InlineData("nbd://example.com", "", "example.com", 10809, null)]
    [InlineData("nbd://example.com/", "", "example.com", 10809, null)]
    [InlineData("NBD://example.com:1//disk", "/disk", "example.com", 1, null)]
    [InlineData("nbd://[::1]/a%2Fb", "a/b", "::1", 10809, null)]
    [InlineData("nbd://[fe80::1]:65535/hello%20world", "hello world", "fe80::1", 65535, null)]
    [InlineData("nbd://h:/x", "x", "h", 10809, null)]
    [InlineData("nbd+unix:///disk?socket=sock", "disk", null, 0, "sock")]
    [InlineData("nbd+unix://?socket=/run/a%3Fb", "", null, 0, "/run/a?b")]
    [InlineData("nbd+unix:///?socket=%00abstract", "", null, 0, "\0abstract")]
    [InlineData("nbd+unix:///%C3%A4?socket=s", "ä", null, 0, "s")]
    public void What_is_one(string text, string export, string? host, int port, string? socket)
    {
        Assert.True(NbdUri.IsOne(text));
        NbdUri uri = NbdUri.Parse(text);
        Assert.Equal((export, host, port, socket, text), (uri.Export, uri.Host, uri.Port, uri.Socket, uri.ToString()));
    }

    [Theory]
    [InlineData("nbd:///disk")]
    [InlineData("nbd://:10809/disk")]
    [InlineData("nbd://h:0/disk")]
    [InlineData("nbd://h:65536/disk")]
    [InlineData("nbd://h:-1/disk")]
    [InlineData("nbd://h/disk?socket=s")]
    [InlineData("nbd://h/disk#part")]
    [InlineData("nbd://h/a%")]
    [InlineData("nbd://h/a%2")]
    [InlineData("nbd://h/a%zz")]
    [InlineData("nbd://h/a%00b")]
    [InlineData("nbd://h/a?what=7")]
    [InlineData("nbd+unix:///disk")]
    [InlineData("nbd+unix:///disk?socket=")]
    [InlineData("nbd+unix:///disk?socket=a&socket=b")]
    [InlineData("nbd+unix://disk?socket=s")]
    [InlineData("http://h/disk")]
    [InlineData("disk.raw")]
    public void What_is_none(string text) => Assert.Throws<ArgumentException>(() => NbdUri.Parse(text));

    [Theory]
    [InlineData("nbds://h/disk")]
    [InlineData("nbds+unix:///disk?socket=s")]
    [InlineData("nbd://h/disk?tls-type=psk")]
    [InlineData("nbd://user@h/disk")]
    public void TLS_is_refused_by_name(string text) => Assert.Contains("TLS", Assert.Throws<UnsupportedException>(() => NbdUri.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("/tmp/nbd")]
    [InlineData("nbd")]
    [InlineData("nbd:disk")]
    [InlineData("")]
    public void A_file_is_not_taken_for_one(string text) => Assert.False(NbdUri.IsOne(text));

    [Fact]
    public void A_name_has_an_end()
    {
        Assert.Equal(4096, NbdUri.Parse("nbd://h/" + new string('x', 4096)).Export.Length);
        Assert.Throws<ArgumentException>(() => NbdUri.Parse("nbd://h/" + new string('x', 4097)));
    }
}
