using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using PageStore.Benchmarks;

namespace PageStore.Cli.Tests.Benchmarks;

/// <summary>The benchmarks' side of QEMU's monitor, against one that says what a script has it say.</summary>
public sealed class QmpConnectionTests
{
    private const string Greeting = """{"QMP": {"version": {}, "capabilities": []}}""";

    [Fact]
    public async Task An_answer_is_found_among_events_and_they_are_kept()
    {
        (string[] sent, string found) = await Talk(
            [Greeting, Answer(1, "{}"), Event("A", 1), Event("B", 2), Answer(2, """{"status": "x"}"""), Event("B", 3)],
            monitor =>
            {
                JsonNode? answer = monitor.Execute("query-status", new JsonObject { ["of"] = 7 });
                return $"{answer!["status"]} {monitor.NextEvent("B")!["n"]} {monitor.NextEvent("B")!["n"]}";
            });
        Assert.Equal("x 2 3", found);
        Assert.Equal(["qmp_capabilities", "query-status"], sent.Select(line => JsonNode.Parse(line)!["execute"]!.GetValue<string>()));
        Assert.Equal(7, JsonNode.Parse(sent[1])!["arguments"]!["of"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_refusal_says_why()
    {
        InvalidOperationException failure = await Assert.ThrowsAsync<InvalidOperationException>(() => Talk(
            [Greeting, Answer(1, "{}"), """{"error": {"class": "GenericError", "desc": "no such file"}, "id": 2}"""],
            monitor => monitor.Execute("migrate-incoming")!.ToJsonString()));
        Assert.Contains("migrate-incoming", failure.Message, StringComparison.Ordinal);
        Assert.Contains("no such file", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public Task The_end_of_QEMU_is_told() =>
        Assert.ThrowsAsync<EndOfStreamException>(() => Talk([Greeting, Answer(1, "{}"), Event("A", 1)], monitor => monitor.NextEvent("B")!.ToJsonString()));

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2")]
    [InlineData("{}")]
    [InlineData("null")]
    public Task Something_else_is_no_monitor(string greeting) => Assert.ThrowsAsync<InvalidDataException>(() => Talk([greeting, Answer(1, "{}")], _ => string.Empty));

    private static string Answer(int id, string value) => $$"""{"return": {{value}}, "id": {{id}}}""";

    private static string Event(string name, int n) => $$$"""{"timestamp": {"seconds": 1}, "event": "{{{name}}}", "data": {"n": {{{n}}}}}""";

    /// <summary>All that the monitor will say lies in the socket, and then its end, before it is asked anything.</summary>
    private static async Task<(string[] Sent, string Found)> Talk(string[] said, Func<QmpConnection, string> talk)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var near = new TcpClient();
        await near.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        using TcpClient far = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        NetworkStream stream = far.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(string.Concat(said.Select(line => line + "\n"))), TestContext.Current.CancellationToken);
        far.Client.Shutdown(SocketShutdown.Send);
        string found;
        using (var monitor = new QmpConnection(near.GetStream()))
        {
            found = talk(monitor);
        }

        using var reader = new StreamReader(stream);
        string all = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        return (all.Split('\n', StringSplitOptions.RemoveEmptyEntries), found);
    }
}
