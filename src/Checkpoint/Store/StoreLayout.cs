using System.Globalization;

namespace PageStore.Checkpoint;

/// <summary>The names in the folder of a store: docs/store.md, "The folder".</summary>
/// <param name="folder">The store's folder.</param>
internal sealed class StoreLayout(string folder)
{
    private const string DatabaseName = "store.db";
    private const string CheckpointsName = "checkpoints";
    private const string PackSuffix = ".pack";

    /// <summary>What a checkpoint file is called behind its name until it is whole.</summary>
    public const string AddingSuffix = ".adding";

    /// <summary>With the longest suffix, within the 255 bytes that file systems allow.</summary>
    private const int MaxNameBytes = 240;

    public string Folder { get; } = Path.GetFullPath(folder);

    public string Database => Path.Combine(Folder, DatabaseName);

    public string Packs => Path.Combine(Folder, "packs");

    public string Checkpoints => Path.Combine(Folder, CheckpointsName);

    public string Locks => Path.Combine(Folder, "locks");

    public string Pack(long number) => Path.Combine(Packs, number.ToString("d16", CultureInfo.InvariantCulture) + PackSuffix);

    public string Checkpoint(string name) => Path.Combine(Checkpoints, name);

    public string Adding(string name) => Checkpoint(name) + AddingSuffix;

    public string Lock(Guid session) => Path.Combine(Locks, session.ToString("n"));

    /// <summary>The lock of a collection.</summary>
    public string CollectorLock => Path.Combine(Locks, "gc");

    /// <summary>Whether a folder holds a store.</summary>
    public static bool IsStore(string folder) => File.Exists(new StoreLayout(folder).Database);

    /// <summary>The folder of the store that a checkpoint file lies in; null where it lies in none.</summary>
    public static string? FolderOf(string checkpoint)
    {
        string? checkpoints = Path.GetDirectoryName(Path.GetFullPath(checkpoint));
        return checkpoints is not null && Path.GetFileName(checkpoints) == CheckpointsName && Path.GetDirectoryName(checkpoints) is { } folder && IsStore(folder) ? folder : null;
    }

    /// <summary>The number of a pack by the name of its file; null for another file.</summary>
    public static long? NumberOfPack(string path) =>
        path.EndsWith(PackSuffix, StringComparison.Ordinal) && long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    /// <summary>The length of a file, 0 for one that has gone.</summary>
    public static long LengthOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    /// <summary>Throws unless a name can be that of a checkpoint file in the store.</summary>
    /// <exception cref="ArgumentException">It cannot.</exception>
    public static void ThrowUnlessName(string name)
    {
        if (FormatText.CountBytes(name) is < 1 or > MaxNameBytes || name[0] == '.' || name.EndsWith(AddingSuffix, StringComparison.Ordinal)
            || name.Any(c => char.IsControl(c) || c is '/' or '\\'))
        {
            throw new ArgumentException($"\"{name}\" cannot be the name of a checkpoint in a store: 1 to {MaxNameBytes} bytes without slashes and control characters, not beginning with a dot, nor ending in {AddingSuffix}. Choose another one.", nameof(name));
        }
    }

    /// <summary>Throws unless a text can name a sharing domain.</summary>
    /// <exception cref="ArgumentException">It cannot.</exception>
    public static void ThrowUnlessDomain(string domain)
    {
        if (FormatText.CountBytes(domain) is < 1 or > PackHeader.MaxDomainBytes || domain.Any(char.IsControl))
        {
            throw new ArgumentException($"The name of a sharing domain has 1 to {PackHeader.MaxDomainBytes} bytes and no control characters.", nameof(domain));
        }
    }
}
