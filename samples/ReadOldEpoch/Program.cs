using System.Globalization;
using PageStore;
using PageStore.Checkpoint;

// ReadOldEpoch FILE EPOCH PFN: one page as it was at an epoch. It is checked before a byte of it is handed out.
using CheckpointReader reader = CheckpointReader.Open(args[0]);
using Epoch epoch = reader.OpenEpoch(new EpochId(long.Parse(args[1], CultureInfo.InvariantCulture)));
byte[] page = new byte[reader.PageSize];
epoch.ReadPage(new Pfn(long.Parse(args[2], CultureInfo.InvariantCulture)), page);
Console.WriteLine($"page {args[2]} of epoch {args[1]} begins with {page[0]} {page[1]}");
