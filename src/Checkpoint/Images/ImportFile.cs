namespace PageStore.Checkpoint;

/// <summary>The checkpoint file of an import that is given by name.</summary>
internal static class ImportFile
{
    /// <summary>Opens or creates a file for an import. One that was created here goes again when the import fails before anything was committed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How to create or open it; null stands for the defaults.</param>
    /// <param name="import">Imports into it.</param>
    public static async Task<T> RunAsync<T>(string path, CheckpointWriterOptions? options, Func<CheckpointWriter, Task<T>> import)
    {
        CheckpointWriter? made = null;
        try
        {
            // Within the try: what fails from the creation on must leave no file.
            using CheckpointWriter writer = CheckpointWriter.OpenOrCreate(path, options, out bool created);
            made = created ? writer : null;
            return await import(writer).ConfigureAwait(false);
        }
        catch when (made is { Newest: null })
        {
            File.Delete(path);
            throw;
        }
    }
}
