using BenchmarkDotNet.Running;

namespace PageStore.Benchmarks;

/// <summary>Runs one group of benchmarks: the first argument names it.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        switch (args.FirstOrDefault())
        {
            case "bitmaps":
                return BitmapComparison.Run(args[1..]);
            case "harvest":
                return HarvestComparison.Run(args[1..]);
            case "capture":
                return CaptureComparison.Run(args[1..]);
            case "import":
                return ImportComparison.Run(args[1..]);
            case "disk":
                return DiskComparison.Run(args[1..]);
            case "reads":
                return ReadComparison.Run(args[1..]);
            case "codec":
                return CodecComparison.Run(args[1..]);
            case "encryption":
                return EncryptionComparison.Run(args[1..]);
            case "index":
                return IndexShare.Run(args[1..]);
            case "prune":
                return PruneShare.Run(args[1..]);
            case "scale":
                return ScaleComparison.Run(args[1..]);
            case "plan":
                return PlanComparison.Run(args[1..]);
            case "lazy":
                return LazyComparison.Run(args[1..]);
            case "pack":
                return PackComparison.Run(args[1..]);
            case "resume":
                return ResumeComparison.Run(args[1..]);
            case "stored":
                return StoredComparison.Run(args[1..]);
            case "sharedresume":
                return SharedResumeComparison.Run(args[1..]);
            case "peers":
                return PeerComparison.Run(args[1..]);
            case "incoming":
                return QemuComparison.Run(args[1..]);
            case "clones":
                return CloneComparison.Run(args[1..]);
            case CloneProcess.Role when args.Length > 1:
                return CloneProcess.Run(args[1]);
            case "sharing":
                return SharingComparison.Run(args[1..]);
            case "figures":
                return ResumeFigures.Run(args[1..]);
            case "bdn":
                BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args[1..]);
                return 0;
            default:
                Console.Error.WriteLine("""
                    usage: one of
                      bitmaps [--quick]
                      harvest [--quick]
                      capture [--quick] [--lz4]
                      import [--quick]
                      disk [--quick] [--auto] [--64k]
                      reads [--quick]
                      codec [IMAGE.raw ...] [--quick]
                      encryption [--quick]
                      index [--lz4] [--epochs N] [TRACE.jsonl.gz ...]
                      prune TRACE.jsonl.gz ...
                      scale [--quick]
                      plan [--quick]
                      pack [--quick] [--lz4] [--encrypted]
                      lazy [--quick] [--lz4]
                      resume [--quick] [--report FILE.html]
                      peers [--quick]
                      incoming [--quick]
                      sharing [--quick]
                      clones [--quick] [--processes]
                      stored FIRST.raw NEXT.raw... [--quick] [--encrypted] [--liblz4]
                      sharedresume FIRST.raw SECOND.raw [--quick]
                      figures FOLDER [--quick] [--rounds N] [--only PIECE,...]
                      bdn [BenchmarkDotNet arguments]
                    """);
                return 2;
        }
    }
}
