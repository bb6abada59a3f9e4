using System.Text.Json;

namespace PageStore.Checkpoint;

/// <summary>What one epoch lost: for the report, and for a state section of the epoch itself, so that it is known wherever the file goes.</summary>
internal sealed class EpochLosses(EpochRecord record, LossLog log)
{
    /// <summary>The section's name; a number follows if the epoch has such a section already.</summary>
    public const string SectionName = "pagestore-repair";

    /// <summary>Parts beside pages: a record names a few hundred sections at most.</summary>
    private readonly List<LostPart> _parts = [];

    /// <summary>Whether anything is lost.</summary>
    public bool Any { get; private set; }

    public void Add(string part, CorruptDataException cause)
    {
        Any = true;
        var lost = new LostPart(record.Id, null, part, cause.Offset, cause.Message);
        _parts.Add(lost);
        log.Add(lost);
    }

    public void Add(PfnRun pages, long? offset, string reason) => log.Add(new LostPart(record.Id, pages, null, offset, reason));

    /// <summary>Pages that are lost already where this epoch shares them from.</summary>
    public void AddInherited(PfnRun pages) => log.Add(new LostPart(record.Id, pages, null, null, "shared with an earlier epoch that lost them"));

    /// <summary>Writes the section, if anything is lost.</summary>
    /// <param name="builder">The epoch.</param>
    /// <param name="lost">All pages that it lost, those that it lost with its base included.</param>
    public void Finish(EpochBuilder builder, IReadOnlyList<PfnRun> lost)
    {
        log.Pages += lost.Sum(run => run.Count);
        Any |= lost.Count > 0;
        if (Any)
        {
            AddSection(builder, lost);
        }
    }

    private void AddSection(EpochBuilder builder, IReadOnlyList<PfnRun> lost)
    {
        try
        {
            builder.AddState(FreeName(), new MemoryStream(Describe(lost)));
        }
        catch (ArgumentException)
        {
            // The names of its sections fill the record; the report says it all the same.
        }
    }

    private string FreeName()
    {
        string name = SectionName;
        for (int number = 2; record.Sections.Any(section => section.Name == name); number++)
        {
            name = $"{SectionName}-{number}";
        }

        return name;
    }

    private byte[] Describe(IReadOnlyList<PfnRun> lost)
    {
        var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("pagesLost", lost.Sum(run => run.Count));
            json.WriteStartArray("runs");
            foreach (PfnRun run in lost)
            {
                json.WriteStartArray();
                json.WriteNumberValue(run.First.Value);
                json.WriteNumberValue(run.Count);
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteStartArray("parts");
            foreach (LostPart part in _parts)
            {
                json.WriteStringValue($"{part.Part}: {part.Reason}");
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
