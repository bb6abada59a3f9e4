using System.Text.Json;
using System.Text.Json.Nodes;

namespace PageStore.Benchmarks;

/// <summary>
/// A connection to the monitor of QEMU (docs/interop/qmp-spec.txt there): commands and their answers, a line of JSON each, and events in between, which are kept until somebody asks for them.
/// Disposing closes the stream. For one thread.
/// </summary>
internal sealed class QmpConnection : IDisposable
{
    private readonly StreamReader _reader;
    private readonly StreamWriter _writer;
    private readonly Queue<JsonNode> _events = [];
    private long _commands;

    /// <summary>Reads the greeting, and has the monitor take commands.</summary>
    /// <param name="stream">To the monitor; owned from here on.</param>
    /// <exception cref="InvalidDataException">Something else answers there.</exception>
    /// <exception cref="EndOfStreamException">Nobody does any more.</exception>
    public QmpConnection(Stream stream)
    {
        _reader = new StreamReader(stream);
        _writer = new StreamWriter(stream) { AutoFlush = true, NewLine = "\n" };
        JsonNode greeting = Read();
        if (greeting["QMP"] is null)
        {
            throw new InvalidDataException($"A monitor of QEMU greets, but this said {greeting.ToJsonString()}");
        }

        Execute("qmp_capabilities");
    }

    /// <summary>Has a command done.</summary>
    /// <param name="command">Its name.</param>
    /// <param name="arguments">What it is given; null for nothing.</param>
    /// <returns>What it returned.</returns>
    /// <exception cref="InvalidOperationException">QEMU refused it.</exception>
    /// <exception cref="EndOfStreamException">QEMU has ended.</exception>
    public JsonNode? Execute(string command, JsonObject? arguments = null)
    {
        long id = ++_commands;
        _writer.WriteLine(new JsonObject { ["execute"] = command, ["arguments"] = arguments ?? [], ["id"] = id }.ToJsonString());
        while (true)
        {
            JsonNode said = Read();
            if (said["event"] is not null)
            {
                _events.Enqueue(said);
            }
            else if (said["error"] is { } error)
            {
                throw new InvalidOperationException($"QEMU refused {command}: {error["desc"]}");
            }
            else if (said["id"]?.GetValue<long>() == id)
            {
                return said["return"];
            }
        }
    }

    /// <summary>Waits for the next event of a name; others that come before it are dropped.</summary>
    /// <returns>Its data.</returns>
    /// <exception cref="EndOfStreamException">QEMU has ended.</exception>
    public JsonNode? NextEvent(string name)
    {
        while (true)
        {
            JsonNode said = _events.Count > 0 ? _events.Dequeue() : Read();
            if (said["event"]?.GetValue<string>() == name)
            {
                return said["data"];
            }
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        _reader.Dispose();
    }

    private JsonNode Read()
    {
        string line = _reader.ReadLine() ?? throw new EndOfStreamException("QEMU has closed its monitor.");
        try
        {
            return JsonNode.Parse(line) ?? throw new InvalidDataException("A monitor of QEMU says objects, but this said null.");
        }
        catch (JsonException failure)
        {
            throw new InvalidDataException($"A monitor of QEMU speaks JSON, but this said {line}", failure);
        }
    }
}
