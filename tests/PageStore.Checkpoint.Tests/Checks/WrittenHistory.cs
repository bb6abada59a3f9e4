namespace PageStore.Checkpoint.Tests;

/// <summary>Files of histories in memory, with what must be in them.</summary>
internal sealed record WrittenHistory(History History, byte[] File, IReadOnlyList<ModelEpoch> Epochs)
{
    /// <summary>All epochs that were ever committed, dropped ones included.</summary>
    public IReadOnlyList<ModelEpoch> Ever { get; private init; } = [];


    public static WrittenHistory Of(History history)
    {
        var file = new MemoryFile();
        var run = new HistoryWriter(
            history, () => CheckpointWriter.Create(new MemoryStorage(file), history.WriterOptions), () => CheckpointWriter.Open(new MemoryStorage(file), history.WriterOptions));
        run.Run();
        return new WrittenHistory(history, file.ToArray(), run.Epochs) { Ever = run.Ever };
    }

    public FileRoot Root() => RootOf(File);

    public static FileRoot RootOf(byte[] file)
    {
        var storage = new BytesStorage(file, file.Length);
        return FileRoot.Find(storage, FileRoot.OpenHeader(storage, TestKeys.Of(file)));
    }
}
