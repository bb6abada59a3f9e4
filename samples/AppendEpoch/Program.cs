using PageStore;
using PageStore.Checkpoint;

// AppendEpoch FILE: an epoch of a guest of 16 MiB, in which one page was written since the epoch before.
string path = args[0];
using CheckpointWriter writer = File.Exists(path) ? CheckpointWriter.Open(path) : CheckpointWriter.Create(path);
using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest, PageCount = 4096, Label = "appended" });
byte[] page = new byte[writer.PageSize];
page[0] = (byte)builder.Id.Value;
page[1] = 0xFF;
builder.WritePages(new Pfn(42), page);
EpochInfo epoch = builder.Commit();       // on the medium when this returns
Console.WriteLine($"epoch {epoch.Id}: {epoch.PagesWritten} page written, {epoch.Bytes} bytes added");
