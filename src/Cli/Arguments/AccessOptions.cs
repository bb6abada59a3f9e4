using System.CommandLine;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>The options of all commands that open a checkpoint file: with what key, and in what state it must be.</summary>
internal sealed class AccessOptions
{
    /// <summary>A key as text: hexadecimal digits or base64.</summary>
    public const string KeyVariable = "PAGESTORE_KEY";

    /// <summary>A passphrase.</summary>
    public const string PassphraseVariable = "PAGESTORE_PASSPHRASE";

    private readonly Option<string?> _keyFile = new("--key-file")
    {
        Description = $"The key of the file: 32 bytes, or their hexadecimal digits or base64. Without it, {KeyVariable} or {PassphraseVariable} of the environment.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _expectRoot = new("--expect-root")
    {
        Description = "Refuse a checkpoint file with another root hash than this: an older copy, or another one.",
        HelpName = "HASH",
    };

    private readonly Option<string?> _store = new("--store")
    {
        Description = "The folder of the store that the file was added to, where the file does not lie in it.",
        HelpName = "DIR",
    };

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="withRoot">Whether it opens one file, of which a root can be expected.</param>
    /// <param name="withStore">Whether it reads pages of a file, which may be in a store.</param>
    public static AccessOptions AddTo(Command command, bool withRoot = true, bool withStore = false)
    {
        var options = new AccessOptions();
        command.Options.Add(options._keyFile);
        if (withRoot)
        {
            command.Options.Add(options._expectRoot);
        }

        if (withStore)
        {
            command.Options.Add(options._store);
        }

        return options;
    }

    /// <summary>What the user gave. The caller disposes it.</summary>
    /// <exception cref="WrongKeyException">What was given is no key.</exception>
    /// <exception cref="ArgumentException">The environment gives two.</exception>
    public CheckpointAccess Read(ParseResult parsed) => new(ReadKey(parsed.GetValue(_keyFile)), parsed.GetValue(_expectRoot), parsed.GetValue(_store));

    private static CheckpointKey? ReadKey(string? file)
    {
        if (file is not null)
        {
            return CheckpointKey.FromKeyFile(file);
        }

        string? key = Variable(KeyVariable);
        string? passphrase = Variable(PassphraseVariable);
        if (key is not null && passphrase is not null)
        {
            throw new ArgumentException($"Both {KeyVariable} and {PassphraseVariable} are set. Unset the one that is not meant, or use --key-file.");
        }

        return key is not null ? KeyOf(key) : passphrase is not null ? CheckpointKey.FromPassphrase(passphrase) : null;
    }

    private static CheckpointKey KeyOf(string text)
    {
        try
        {
            return CheckpointKey.FromText(text);
        }
        catch (WrongKeyException wrong)
        {
            throw new WrongKeyException($"{KeyVariable}: {wrong.Message}", wrong);
        }
    }

    /// <summary>An empty variable is none: shells cannot easily take one out of a script's environment.</summary>
    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}

/// <summary>How a command opens its checkpoint file.</summary>
/// <param name="Key">Its key, which is disposed with this; null for a plain file.</param>
/// <param name="ExpectedRoot">The root hash that it must have; null takes any.</param>
/// <param name="Store">The folder of the store that has its blocks; null stands for the one that it lies in.</param>
internal sealed record CheckpointAccess(CheckpointKey? Key, string? ExpectedRoot, string? Store = null) : IDisposable
{
    /// <summary>Opens a file for reading.</summary>
    public CheckpointReader Open(string file) => CheckpointFiles.OpenReader(file, Key, ExpectedRoot, Store);

    /// <summary>The root hash of an open file, where the host can compute it.</summary>
    public static string? RootOf(CheckpointReader reader) => CheckpointKey.IsSupported ? reader.RootHash : null;

    public void Dispose() => Key?.Dispose();
}
